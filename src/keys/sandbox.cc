#include "keys/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/landlock.h>
#include <pwd.h>
#include <seccomp.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstring>
#include <memory>

namespace countersign::keys {
namespace {

constexpr uid_t kNobody = 65'534;

Error failed(const char* what) { return {Errc::unavailable, std::string(what) + ": " + std::strerror(errno)}; }

// AddressSanitizer and ThreadSanitizer need more of the kernel than keyd may have, and reserve more than may be locked.
#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define COUNTERSIGN_SANITIZED 1
#endif
#endif
#ifdef COUNTERSIGN_SANITIZED
constexpr bool kSanitized = true;
#else
constexpr bool kSanitized = false;
#endif

// What may be called without a look at its arguments.
constexpr const char* kCalls[] = {
    "read",
    "write",
    "writev",
    "pread64",
    "pwrite64",
    "recvfrom",
    "close",
    "lseek",  // open files
    "fstat",
    "newfstatat",
    "fsync",
    "fdatasync",
    "ftruncate",
    "flock",
    "getdents64",
    "unlinkat",  // the keyring
    "munmap",
    "mremap",
    "madvise",
    "brk",
    "mlock",
    "mlock2",
    "munlock",  // memory
    "futex",
    "sched_yield",
    "sched_getaffinity",
    "rt_sigprocmask",
    "rt_sigreturn",
    "sigaltstack",  // threads
    "getpid",
    "gettid",
    "tgkill",
    "geteuid",
    "exit",
    "exit_group",
    "restart_syscall",  // oneself
    "getrandom",
    "clock_gettime",
    "gettimeofday",
};

// What the clerk may besides, to write the root key's file.
constexpr const char* kFileCalls[] = {"openat", "linkat", "link",  "renameat", "renameat2", "rename",
                                      "unlink", "access", "mkdir", "fchown",   "fchownat"};

// Every right on files of Landlock's first version; REFER, of the second, is denied unless named.
constexpr std::uint64_t kFileRights = (LANDLOCK_ACCESS_FS_MAKE_SYM << 1) - 1;
constexpr std::uint64_t kKeyringRights = LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE |
                                         LANDLOCK_ACCESS_FS_READ_DIR | LANDLOCK_ACCESS_FS_REMOVE_FILE |
                                         LANDLOCK_ACCESS_FS_MAKE_REG;

// Conditions on one argument: an int of that value (whatever stands above its 32 bits); no such bit in it.
scmp_arg_cmp is(unsigned argument, int value) {
  return {argument, SCMP_CMP_MASKED_EQ, 0xffff'ffff, static_cast<std::uint32_t>(value)};
}
scmp_arg_cmp without(unsigned argument, scmp_datum_t bits) { return {argument, SCMP_CMP_MASKED_EQ, bits, 0}; }

struct Closed {
  int fd;
  ~Closed() {
    if (fd >= 0) ::close(fd);
  }
};

}  // namespace

bool hide_memory() {
  const rlimit none{0, 0};
  ::setrlimit(RLIMIT_CORE, &none);
  ::prctl(PR_SET_DUMPABLE, 0);
  if (kSanitized) return false;
  rlimit lock{RLIM_INFINITY, RLIM_INFINITY};
  // Locking under a limit would make a later allocation fail, so it is everything or the keys' own pages.
  if (::setrlimit(RLIMIT_MEMLOCK, &lock) != 0 &&
      (::getrlimit(RLIMIT_MEMLOCK, &lock) != 0 || lock.rlim_cur != RLIM_INFINITY)) {
    return false;
  }
  return ::mlockall(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT) == 0;
}

Result<void> give_up_root(Folder& keyring) {
  if (::geteuid() != 0) return {};
  const passwd* user = ::getpwnam(kKeydUser);
  const uid_t uid = user ? user->pw_uid : kNobody;
  const gid_t gid = user ? user->pw_gid : kNobody;
  for (const std::string& name : TRY(keyring.names())) {
    if (name == "..") continue;  // "." is the keyring itself
    if (::fchownat(keyring.fd(), name.c_str(), uid, gid, AT_SYMLINK_NOFOLLOW) != 0) return failed("chown");
  }
  if (::setgroups(0, nullptr) != 0) return failed("setgroups");
  if (::setresgid(gid, gid, gid) != 0) return failed("setresgid");
  if (::setresuid(uid, uid, uid) != 0) return failed("setresuid");
  ::prctl(PR_SET_DUMPABLE, 0);  // another user, another choice of the kernel
  return {};
}

Result<bool> confine_files(const Folder& keyring) {
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return failed("prctl");
  const long version = ::syscall(SYS_landlock_create_ruleset, nullptr, 0, LANDLOCK_CREATE_RULESET_VERSION);
  if (version < 1) return false;
  landlock_ruleset_attr all{};
  all.handled_access_fs = kFileRights;
  const Closed rules{static_cast<int>(::syscall(SYS_landlock_create_ruleset, &all, sizeof all, 0))};
  if (rules.fd < 0) return failed("landlock_create_ruleset");
  landlock_path_beneath_attr below{};
  below.allowed_access = kKeyringRights;
  below.parent_fd = keyring.fd();
  if (::syscall(SYS_landlock_add_rule, rules.fd, LANDLOCK_RULE_PATH_BENEATH, &below, 0) != 0) {
    return failed("landlock_add_rule");
  }
  if (::syscall(SYS_landlock_restrict_self, rules.fd, 0) != 0) return failed("landlock_restrict_self");
  return true;
}

Result<void> confine_calls(const Folder& keyring, Reach reach) {
  if (kSanitized) return {};
  const std::unique_ptr<void, void (*)(void*)> filter(::seccomp_init(SCMP_ACT_ERRNO(EPERM)), ::seccomp_release);
  if (!filter) return Error{Errc::unavailable, "no memory for a filter of system calls"};
  int worked = 0;
  const auto allow = [&](const char* name, std::initializer_list<scmp_arg_cmp> only) {
    const int call = ::seccomp_syscall_resolve_name(name);
    if (worked == 0 && call != __NR_SCMP_ERROR) {
      worked = ::seccomp_rule_add_array(filter.get(), SCMP_ACT_ALLOW, call, static_cast<unsigned>(only.size()),
                                        only.begin());
    }
  };
  for (const char* name : kCalls) allow(name, {});
  const int folder = keyring.fd();
  switch (reach) {
    case Reach::keyring:
      allow("openat", {is(0, folder)});
      for (const char* name : {"linkat", "renameat", "renameat2"}) {
        allow(name, {is(0, folder), is(2, folder)});
      }
      break;
    case Reach::files:
      for (const char* name : kFileCalls) allow(name, {});
      break;
  }
  for (const int command : {F_GETFL, F_GETFD, F_SETFD}) {
    allow("fcntl", {is(1, command)});
  }
  for (const char* name : {"mmap", "mprotect"}) allow(name, {without(2, PROT_EXEC)});
  if (worked == 0) worked = ::seccomp_attr_set(filter.get(), SCMP_FLTATR_CTL_TSYNC, 1);
  if (worked == 0) worked = ::seccomp_load(filter.get());
  if (worked != 0) {
    errno = -worked;
    return failed("seccomp");
  }
  return {};
}

}  // namespace countersign::keys
