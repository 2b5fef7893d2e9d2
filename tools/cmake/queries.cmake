# queries(target folder): makes generated/store/{query_names.h,statements.cc} from folder/*.sql when the build is configured.
# An edit, a new file or an edit of the tool configures again, before anything is compiled, so no target needs to wait.
find_package(Python3 REQUIRED COMPONENTS Interpreter)
function(queries target folder)
  file(GLOB files CONFIGURE_DEPENDS ${folder}/*.sql)
  set(tool ${CMAKE_SOURCE_DIR}/tools/queries.py)
  set(out ${CMAKE_BINARY_DIR}/generated/store)
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${files} ${tool})
  execute_process(COMMAND ${Python3_EXECUTABLE} ${tool} ${folder} ${out} COMMAND_ERROR_IS_FATAL ANY)
  target_sources(${target} PRIVATE ${out}/statements.cc)
endfunction()
