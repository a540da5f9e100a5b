#include "harness/world/read_side.hpp"

#include <urcu/urcu-memb.h>

#include <atomic>
#include <cstdlib>
#include <new>
#include <thread>

#include "harness/explorer/run/sanitizers.hpp"
#include "harness/world/worker_identity.hpp"

namespace pidmap_stress::read_side {
namespace {

struct deferred {
    deferred* next = nullptr;
    void* object = nullptr;
    void (*end)(void*) noexcept = nullptr;
};

/// The library is not instrumented, so TSan must be told of the one edge that it makes: leaving a
/// section happens-before what was deferred. Workers only release and the reclaimer only acquires,
/// so that no worker is ordered after another one.
char left_a_section;

/// Waits for grace periods, in a thread of its own: a worker that retires may be inside a section.
/// The library's own such thread sleeps for ten milliseconds between two batches, which would be
/// most of the time of a short round.
class reclaimer {
public:
    reclaimer() : thread_([this] { serve(); }) { thread_.detach(); }

    void push(deferred* what) noexcept {
        pushed_.fetch_add(1, std::memory_order::relaxed);
        what->next = waiting_.load(std::memory_order::relaxed);
        // Release, read by serve(): it sees the retired object as its last user left it. Not
        // acquire: that would order this worker after others that retire.
        while (!waiting_.compare_exchange_weak(what->next, what, std::memory_order::release,
                                               std::memory_order::relaxed)) {
        }
        waiting_.notify_one();
    }

    /// \pre No worker runs.
    void drain() noexcept {
        const std::uint64_t all = pushed_.load(std::memory_order::relaxed);
        // Acquire, from serve(): what was deferred has been done.
        for (std::uint64_t done = done_.load(std::memory_order::acquire); done != all;
             done = done_.load(std::memory_order::acquire))
            done_.wait(done, std::memory_order::relaxed);
    }

private:
    [[noreturn]] void serve() noexcept {
        self.slot = reclaimer_slot;
        for (;;) {
            waiting_.wait(nullptr, std::memory_order::relaxed);
            deferred* batch = waiting_.exchange(nullptr, std::memory_order::acquire);
            ::urcu_memb_synchronize_rcu();
            tsan_acquire(&left_a_section);
            std::uint64_t done = 0;
            while (batch != nullptr) {
                deferred* const what = batch;
                batch = what->next;
                what->end(what->object);
                delete what;
                ++done;
            }
            // Release, read by drain().
            done_.fetch_add(done, std::memory_order::release);
            done_.notify_all();
        }
    }

    std::atomic<deferred*> waiting_{nullptr};
    std::atomic<std::uint64_t> pushed_{0};
    std::atomic<std::uint64_t> done_{0};
    std::thread thread_;  // Last: it uses the others from the start.
};

/// Whether anything was ever deferred. Relaxed: a worker that drains has waited for all workers.
std::atomic<bool> in_use{false};

/// Made when first used, and there until the process ends.
[[nodiscard]] reclaimer& the_reclaimer() {
    static reclaimer& one = *new reclaimer;
    return one;
}

struct registration {
    registration() noexcept { ::urcu_memb_register_thread(); }
    ~registration() { ::urcu_memb_unregister_thread(); }
};

}  // namespace

section::section() noexcept {
    static thread_local const registration registered;
    ::urcu_memb_read_lock();
}

section::~section() {
    tsan_release(&left_a_section);
    ::urcu_memb_read_unlock();
}

void defer(void* object, void (*end)(void*) noexcept) noexcept {
    auto* const what = new (std::nothrow) deferred{.object = object, .end = end};
    if (what == nullptr) std::abort();  // A few bytes: without them it cannot continue.
    if (!in_use.load(std::memory_order::relaxed)) in_use.store(true, std::memory_order::relaxed);
    the_reclaimer().push(what);
}

void drain() noexcept {
    if (in_use.load(std::memory_order::relaxed)) the_reclaimer().drain();
}

}  // namespace pidmap_stress::read_side
