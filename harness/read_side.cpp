#include "harness/read_side.hpp"

#include <urcu/urcu-memb.h>
// After the flavour: these map the generic names.
#include <urcu/call-rcu.h>

#include <cstdlib>
#include <new>

#include "harness/sanitizers.hpp"
#include "harness/worker_identity.hpp"

namespace pidmap_stress::read_side {
namespace {

/// The library is not instrumented, so TSan must be told of the only two edges that it makes:
/// leaving a section happens-before what was deferred, and so does the deferring. Workers only
/// release and the reclaimer only acquires, so that no worker is ordered after another one.
char left_a_section;

struct registration {
    registration() noexcept { urcu_memb_register_thread(); }
    ~registration() { urcu_memb_unregister_thread(); }
};

struct deferred {
    rcu_head head;
    void* object;
    void (*end)(void*) noexcept;
};

void reclaim(rcu_head* head) {
    self.slot = reclaimer_slot;
    auto* const what = reinterpret_cast<deferred*>(head);  // Its first member.
    tsan_acquire(&left_a_section);
    what->end(what->object);
    delete what;
}

}  // namespace

section::section() noexcept {
    static thread_local const registration registered;
    urcu_memb_read_lock();
}

section::~section() {
    tsan_release(&left_a_section);
    urcu_memb_read_unlock();
}

void defer(void* object, void (*end)(void*) noexcept) noexcept {
    auto* const what = new (std::nothrow) deferred{{}, object, end};
    if (what == nullptr) std::abort();  // A few bytes: there is no way on without them.
    tsan_release(&left_a_section);
    urcu_memb_call_rcu(&what->head, reclaim);
}

void drain() noexcept {
    urcu_memb_barrier();
    // The library's barrier is no edge to TSan either.
    tsan_acquire(&left_a_section);
}

}  // namespace pidmap_stress::read_side
