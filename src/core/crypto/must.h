// For .cc files of this folder: OpenSSL calls that can only fail for lack of memory or a broken library.
#pragma once

#include <memory>
#include <stdexcept>

namespace countersign::crypto {

inline void must(bool worked, const char* what) {
  if (!worked) [[unlikely]] throw std::runtime_error(what);
}
inline void must(int worked, const char* what) { must(worked == 1, what); }
template <class T>
T* must(T* made, const char* what) {
  must(made != nullptr, what);
  return made;
}

// unique_ptr with one of OpenSSL's free functions.
template <auto kFree>
struct FreeWith {
  template <class T>
  void operator()(T* t) const { kFree(t); }
};
template <class T, auto kFree>
using Owned = std::unique_ptr<T, FreeWith<kFree>>;

}  // namespace countersign::crypto
