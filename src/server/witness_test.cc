#include "server/witness.h"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <fstream>
#include <set>
#include <thread>

#include "testing/ledger_keys.h"
#include "testing/ledger_tree.h"
#include "testing/manual_clock.h"
#include "testing/seeded_random.h"
#include "testing/temp_dir.h"

namespace countersign::server {
namespace {

using ledger::WitnessStatus;
using testing::LedgerTree;

struct Witnessing : ::testing::Test {
  testing::TempDir dir;
  testing::ManualClock clock;
  ledger::SigningKey log = testing::ledger_key(1, "countersign/x"), key = testing::witness_key(11, "w1");
  LedgerTree tree, other;

  std::string folder() const { return dir.path().string(); }
  Witness::Parts parts() { return {clock, key.verifier, ledger::sign_with(key.key)}; }
  std::unique_ptr<Witness> open() { return open_with(parts()); }
  std::unique_ptr<Witness> open_with(Witness::Parts parts) {
    auto opened = Witness::open(std::move(parts), folder(), {log.verifier});
    EXPECT_TRUE(opened);
    return opened ? *std::move(opened) : nullptr;
  }
  static void grow(LedgerTree& tree, std::uint64_t size, const std::string& what) {
    while (tree.size() < size) tree.append_text(what + std::to_string(tree.size()));
  }
  std::string request(std::uint64_t old_size, const LedgerTree& of) const {
    const ledger::Checkpoint checkpoint{log.verifier.name(), of.head(), {}};
    return print(ledger::AddCheckpoint{
        old_size, old_size == 0 ? std::vector<ledger::Hash>{} : *consistency_proof(old_size, of.size(), of.nodes()),
        *sign_checkpoint(checkpoint, log.verifier, ledger::sign_with(log.key)), checkpoint});
  }
  static WitnessStatus status(Witness& witness, const std::string& body) {
    const auto answer = witness.answer(body);
    EXPECT_TRUE(answer);
    return answer ? answer->status : WitnessStatus::bad_request;
  }
};

TEST_F(Witnessing, CosignsWhatContinuesAndRemembersItAcrossARestart) {
  grow(tree, 3, "leaf");
  EXPECT_EQ(status(*open(), request(0, tree)), WitnessStatus::ok);
  grow(tree, 9, "leaf");
  const auto again = open();
  EXPECT_EQ(status(*again, request(0, tree)), WitnessStatus::conflict);
  const auto answer = again->answer(request(3, tree));
  ASSERT_TRUE(answer);
  const auto parsed = ledger::parse_add_checkpoint(request(3, tree));
  EXPECT_TRUE(ledger::accept_cosignature(answer->body, parsed->note.text, key.verifier));
}

TEST_F(Witnessing, SignsNoForkAndNothingOld) {
  grow(tree, 5, "leaf");
  grow(other, 5, "fork");
  LedgerTree old;
  grow(old, 3, "leaf");
  const auto witness = open();
  EXPECT_EQ(status(*witness, request(0, tree)), WitnessStatus::ok);
  EXPECT_EQ(status(*witness, request(5, other)), WitnessStatus::conflict);  // another root for that size
  EXPECT_EQ(status(*witness, request(0, old)), WitnessStatus::conflict);
  EXPECT_EQ(witness->answer(request(0, old))->body, "5\n");
  grow(other, 8, "fork");
  EXPECT_EQ(status(*witness, request(5, other)), WitnessStatus::unprocessable);
}

TEST_F(Witnessing, ADiskThatTakesNothingGetsNoCosignature) {
  grow(tree, 2, "leaf");
  const auto witness = open();
  EXPECT_EQ(status(*witness, request(0, tree)), WitnessStatus::ok);
  grow(tree, 4, "leaf");
  ::signal(SIGXFSZ, SIG_IGN);
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
  const rlimit none{0, before.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &none), 0);
  const auto refused = witness->answer(request(2, tree));
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &before), 0);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::unavailable);
  // Nothing was signed for that size, so another tree of it may still come.
  EXPECT_EQ(status(*witness, request(2, tree)), WitnessStatus::ok);
}

TEST_F(Witnessing, KilledBetweenKeepingAndAnsweringItRemembers) {
  grow(tree, 4, "leaf");
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    auto dies = parts();
    dies.sign = [](ByteView) -> Result<Bytes> {
      ::raise(SIGKILL);
      return Bytes();
    };
    const auto witness = Witness::open(std::move(dies), folder(), {log.verifier});
    if (witness) (void)(*witness)->answer(request(0, tree));
    ::_exit(0);
  }
  int ended = 0;
  ASSERT_EQ(::waitpid(child, &ended, 0), child);
  ASSERT_TRUE(WIFSIGNALED(ended));
  const auto witness = open();
  grow(other, 4, "fork");
  EXPECT_EQ(status(*witness, request(4, other)), WitnessStatus::conflict);
  EXPECT_EQ(status(*witness, request(4, tree)), WitnessStatus::ok);
}

TEST_F(Witnessing, ParallelRequestsGetOneRootForASize) {
  constexpr int kForks = 8;
  std::vector<std::string> bodies;
  for (int i = 0; i < kForks; ++i) {
    LedgerTree fork;
    grow(fork, 6, "fork " + std::to_string(i) + " leaf ");
    bodies.push_back(request(0, fork));
  }
  const auto witness = open();
  std::atomic<int> signed_ = 0;
  {
    std::vector<std::jthread> threads;
    for (const std::string& body : bodies) {
      threads.emplace_back([&] {
        const auto answer = witness->answer(body);
        if (answer && answer->status == WitnessStatus::ok) ++signed_;
      });
    }
  }
  EXPECT_EQ(signed_, 1);
}

TEST_F(Witnessing, RefusesToStartOnAStateThatItCannotRead) {
  grow(tree, 2, "leaf");
  EXPECT_EQ(status(*open(), request(0, tree)), WitnessStatus::ok);
  for (const auto& file : std::filesystem::directory_iterator(dir.path() / "heads")) {
    std::ofstream(file.path(), std::ios::trunc) << "countersign/y\n0\n";
  }
  const auto opened = Witness::open(parts(), folder(), {log.verifier});
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, Errc::malformed);
}

TEST_F(Witnessing, WatchesNoLogByAWitnessesKey) {
  const auto opened = Witness::open(parts(), folder(), {key.verifier});
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, Errc::malformed);
}

TEST_F(Witnessing, AnswersOnlyToWhereCheckpointsAreAdded) {
  grow(tree, 1, "leaf");
  const auto witness = open();
  net::HttpRequest asked;
  asked.method = "POST";
  asked.path = "/";
  EXPECT_EQ(witness->serve(asked).status, 404);
  asked.path = "/add-checkpoint";
  asked.body = "old x\n";
  EXPECT_EQ(witness->serve(asked).status, 400);
  asked.body = request(0, tree);
  EXPECT_EQ(witness->serve(asked).status, 200);
  asked.method = "GET";
  EXPECT_EQ(witness->serve(asked).status, 405);
  log = testing::ledger_key(2, "countersign/y");
  asked.method = "POST";
  asked.body = request(0, tree);
  EXPECT_EQ(witness->serve(asked).status, 404);
}

TEST_F(Witnessing, MakesItsKeyOnceAndForItsOwnerAlone) {
  testing::SeededRandom random;
  const auto made = open_witness_key(folder(), "night-watch", random);
  ASSERT_TRUE(made);
  EXPECT_EQ(open_witness_key(folder(), "", random)->verifier.text(), made->verifier.text());
  EXPECT_EQ(open_witness_key(folder(), "another", random).error().code, Errc::refused);
  struct stat seen{};
  ASSERT_EQ(::stat((folder() + "/witness.key").c_str(), &seen), 0);
  EXPECT_EQ(seen.st_mode & 0777, 0600u);
}

}  // namespace
}  // namespace countersign::server
