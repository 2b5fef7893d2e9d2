// What keyd gives up before it answers (security.md §1.2 rule 3): dumps, swap, its user, the file system outside the
// keyring, and every system call that answering does not need: no socket, no program, no debugging, no new process.
#pragma once

#include <string>

#include "core/base/result.h"
#include "keys/folder.h"

namespace countersign::keys {

// The user that keyd becomes when it is started by root; where there is none, `nobody`.
inline constexpr const char* kKeydUser = "countersign-keyd";

// No core dump, no debugger of the same user, memory locked. Answers whether all of it is locked: without the right to
// (LimitMEMLOCK), only the pages of root keys are.
bool hide_memory();

// Root becomes kKeydUser, and the keyring becomes that user's.   unavailable: a system call failed; the text names it.
Result<void> give_up_root(Folder& keyring);

// From here on files are opened below the keyring only: by Landlock where the kernel has it (5.13), which holds for
// this thread and those it starts from now on.   Answers whether it has.
Result<bool> confine_files(const Folder& keyring);

// From here on, and in every thread, system calls outside a short list fail with EPERM.   unavailable: the kernel has
// no filters.
enum class Reach { keyring, files };  // where files may be opened
Result<void> confine_calls(const Folder& keyring, Reach reach);

}  // namespace countersign::keys
