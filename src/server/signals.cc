#include "server/signals.h"

#include <pthread.h>
#include <signal.h>

namespace countersign::server {
namespace {

sigset_t ours() {
  sigset_t set;
  sigemptyset(&set);
  for (const int signal : {SIGTERM, SIGINT, SIGHUP, SIGUSR2}) sigaddset(&set, signal);
  return set;
}

}  // namespace

void block_signals() {
  const sigset_t set = ours();
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
}

Signals::Signals(std::function<void()> stop, std::function<void()> reload)
    : thread_([stop = std::move(stop), reload = std::move(reload)](const std::stop_token& ending) {
        const sigset_t set = ours();
        for (bool stopped = false;;) {
          int signal = 0;
          if (sigwait(&set, &signal) != 0) return;
          if (signal == SIGUSR2) {  // the destructor's call, or a stray one
            if (ending.stop_requested()) return;
          } else if (signal == SIGHUP) {
            reload();
          } else if (!stopped) {
            stopped = true;
            stop();
          }
        }
      }) {}

Signals::~Signals() {
  thread_.request_stop();
  pthread_kill(thread_.native_handle(), SIGUSR2);
  thread_.join();
}

}  // namespace countersign::server
