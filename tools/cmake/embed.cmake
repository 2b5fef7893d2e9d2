# embed(target name folder pattern): puts the files folder/pattern into the program. Makes generated/embedded/name.h with
#   std::span<const countersign::Embedded> countersign::embedded_name();   sorted by file name
# With a pattern that begins with **/ also the files of folders below, named by their path from `folder`.
# The bytes come in by .incbin; an edit or a new file rebuilds.
function(embed target name folder pattern)
  if(pattern MATCHES "^\\*\\*/(.*)$")
    file(GLOB_RECURSE files CONFIGURE_DEPENDS ${folder}/${CMAKE_MATCH_1})
  else()
    file(GLOB files CONFIGURE_DEPENDS ${folder}/${pattern})
  endif()
  list(SORT files)
  set(dir ${CMAKE_BINARY_DIR}/generated/embedded)
  set(declarations "")
  set(rows "")
  set(asm "")
  set(i 0)
  foreach(file ${files})
    file(RELATIVE_PATH base ${folder} ${file})
    string(APPEND asm "__asm__(\".section .rodata\\n.balign 16\\nembedded_${name}_${i}:\\n.incbin \\\"${file}\\\"\\n"
                      "embedded_${name}_${i}_end:\\n.byte 0\\n.text\\n\");\n")
    string(APPEND declarations "extern const char embedded_${name}_${i}[] asm(\"embedded_${name}_${i}\");\n"
                               "extern const char embedded_${name}_${i}_end[] asm(\"embedded_${name}_${i}_end\");\n")
    string(APPEND rows "    {\"${base}\", {embedded_${name}_${i}, static_cast<std::size_t>(embedded_${name}_${i}_end - "
                       "embedded_${name}_${i})}},\n")
    math(EXPR i "${i} + 1")
  endforeach()
  file(CONFIGURE OUTPUT ${dir}/${name}.h @ONLY CONTENT [[
#pragma once
#include <span>
#include <string_view>
#ifndef COUNTERSIGN_EMBEDDED
#define COUNTERSIGN_EMBEDDED
namespace countersign {
struct Embedded { std::string_view name, text; };
}
#endif
namespace countersign { std::span<const Embedded> embedded_@name@(); }
]])
  file(CONFIGURE OUTPUT ${dir}/${name}.cc @ONLY CONTENT [[
#include "embedded/@name@.h"
@asm@
extern "C" {
@declarations@
}
namespace countersign {
std::span<const Embedded> embedded_@name@() {
  static const Embedded kFiles[] = {
@rows@  };
  return kFiles;
}
}
]])
  set_source_files_properties(${dir}/${name}.cc PROPERTIES OBJECT_DEPENDS "${files}")
  target_sources(${target} PRIVATE ${dir}/${name}.cc)
endfunction()
