// What the program gives back is wiped first: an answer that held a number or a code, on its way to somebody who
// may have it, is not found in the server's memory the day after (clients/test_thief.py). Sanitizers have a `delete`
// of their own.
#if !__has_feature(address_sanitizer) && !__has_feature(thread_sanitizer)
#include <malloc.h>
#include <string.h>

#include <cstdlib>
#include <new>

namespace {

void wipe_and_free(void* memory, std::size_t size) noexcept {
  ::explicit_bzero(memory, size);
  std::free(memory);
}

void wipe_and_free(void* memory) noexcept {
  if (memory) wipe_and_free(memory, ::malloc_usable_size(memory));
}

}  // namespace

void operator delete(void* memory) noexcept { wipe_and_free(memory); }
void operator delete[](void* memory) noexcept { wipe_and_free(memory); }
void operator delete(void* memory, std::size_t size) noexcept { wipe_and_free(memory, memory ? size : 0); }
void operator delete[](void* memory, std::size_t) noexcept { wipe_and_free(memory); }
void operator delete(void* memory, std::align_val_t) noexcept { wipe_and_free(memory); }
void operator delete[](void* memory, std::align_val_t) noexcept { wipe_and_free(memory); }
void operator delete(void* memory, std::size_t, std::align_val_t) noexcept { wipe_and_free(memory); }
void operator delete[](void* memory, std::size_t, std::align_val_t) noexcept { wipe_and_free(memory); }
#endif
