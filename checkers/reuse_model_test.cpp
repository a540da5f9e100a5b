#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <random>
#include <vector>

#include "checkers/reuse.hpp"

/// The reuse judge against a model: workers on one page, interleaved step by step at random.
namespace pidmap_stress {
namespace {

constexpr pid_nr pid_max = 24;
constexpr worker_nr workers = 3;

/// Each worker allocates a pid and frees it, in steps: read last_pid, try bit after bit, store
/// last_pid, return; clear the bit, return.
class model {
public:
    model(unsigned seed, bool plain_last_pid) : random_(seed), plain_last_pid_(plain_last_pid) {}

    std::vector<operation> run(int steps) {
        for (int i = 0; i < steps; ++i) {
            ++now_;
            // One worker is slow now and then, which is what moves a plain last_pid back.
            const bool slow = random_() % 16 == 0;
            step(slow ? 0 : 1 + static_cast<worker_nr>(random_() % (workers - 1)));
        }
        for (const worker& one : workers_)
            if (one.at != place::idle && one.at != place::holds) history_.push_back(one.call);
        return history_;
    }

private:
    enum class place { idle, reads, searches, stores, returns, holds, clears, freed };
    struct worker {
        place at = place::idle;
        operation call{};
        pid_nr last = 0;
        pid_nr pid = 0;
    };

    static pid_nr after(pid_nr pid) { return pid + 1 < pid_max ? pid + 1 : 1; }

    void step(worker_nr nr) {
        worker& self = workers_[nr];
        switch (self.at) {
            case place::idle:
                self.call = {.worker = nr, .called = now_};
                self.at = place::reads;
                break;
            case place::reads:
                self.last = last_pid_;
                self.pid = after(self.last);
                self.at = place::searches;
                break;
            case place::searches:
                if (taken_[static_cast<std::size_t>(self.pid)]) {
                    self.pid = after(self.pid);
                } else {
                    taken_[static_cast<std::size_t>(self.pid)] = true;
                    self.at = place::stores;
                }
                break;
            case place::stores:
                if (plain_last_pid_ || is_before(self.last, last_pid_, self.pid))
                    last_pid_ = self.pid;
                self.at = place::returns;
                break;
            case place::returns:
                self.call.pid = self.pid;
                finish(self, place::holds);
                break;
            case place::holds:
                self.call = {
                    .kind = operation_kind::free, .worker = nr, .pid = self.pid, .called = now_};
                self.at = place::clears;
                break;
            case place::clears:
                taken_[static_cast<std::size_t>(self.pid)] = false;
                self.at = place::freed;
                break;
            case place::freed:
                finish(self, place::idle);
                break;
        }
    }

    void finish(worker& self, place next) {
        self.call.returned = now_;
        history_.push_back(self.call);
        self.at = next;
    }

    /// Whether `a` comes before `b` on the circle that begins at `base`.
    static bool is_before(pid_nr base, pid_nr a, pid_nr b) {
        return static_cast<unsigned>(a - base) < static_cast<unsigned>(b - base);
    }

    std::mt19937 random_;
    bool plain_last_pid_;
    ticks now_ = 0;
    pid_nr last_pid_ = 0;
    std::array<bool, pid_max> taken_{};
    std::array<worker, workers> workers_{};
    std::vector<operation> history_;
};

bool found_in_model(unsigned seed, bool plain_last_pid) {
    const std::vector<operation> history = model(seed, plain_last_pid).run(3000);
    return find_immediate_reuse({.operations = history,
                                 .held_at_most = workers,
                                 .lowest_pid_max = pid_max,
                                 .reserved_pids = 1,
                                 .bits_per_page = 32})
        .has_value();
}

// A last_pid that only moves forward is never accused, however workers are delayed.
TEST(ReuseModelTest, NeverAccusesAForwardLastPid) {
    for (unsigned seed = 0; seed < 500; ++seed) EXPECT_FALSE(found_in_model(seed, false)) << seed;
}

// A plain last_pid is caught in most runs.
TEST(ReuseModelTest, CatchesAPlainLastPid) {
    int found = 0;
    for (unsigned seed = 0; seed < 500; ++seed) found += found_in_model(seed, true) ? 1 : 0;
    EXPECT_GT(found, 250);
}

}  // namespace
}  // namespace pidmap_stress
