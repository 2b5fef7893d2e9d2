# Puts the built pages into the program. They are built before, by tools/web.sh (which `make build` runs), and never by
# CMake: npm is slow and wants a network the first time.
set(WEB_BUILT ${CMAKE_SOURCE_DIR}/build/web)
foreach(file prompt/manifest.json authenticator/index.html reader/index.html)
  if(NOT EXISTS ${WEB_BUILT}/${file})
    message(FATAL_ERROR "build/web/${file} is not there: run tools/web.sh first (make build does)")
  endif()
endforeach()
embed(web prompt_files ${WEB_BUILT}/prompt **/*)
embed(web authenticator_files ${WEB_BUILT}/authenticator **/*)
embed(web reader_files ${WEB_BUILT}/reader **/*)
