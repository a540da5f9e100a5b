#include "harness/explorer/run/fibers.hpp"

#include <cstring>
#include <utility>

#include "harness/explorer/run/sanitizers.hpp"

#ifdef PIDMAP_STRESS_ASAN
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#endif
#ifdef PIDMAP_STRESS_TSAN
#include <sanitizer/tsan_interface.h>
#endif

namespace pidmap_stress::explore {

namespace context = boost::context::detail;

fibers::fibers(std::function<void(unsigned)> body) : body_(std::move(body)) {}

fibers::~fibers() {
    for (fiber& f : fibers_) {
        if (f.stack.sp == nullptr) continue;
#ifdef PIDMAP_STRESS_TSAN
        __tsan_destroy_fiber(f.tsan);
#endif
        allocator_.deallocate(f.stack);
    }
}

void fibers::restart(unsigned index, bool clean) {
    fiber& f = fibers_[index];
    if (f.stack.sp == nullptr) {
        f.stack = allocator_.allocate();
        ends_[index] = static_cast<const char*>(f.stack.sp) - stack_bytes;
    }
#ifdef PIDMAP_STRESS_TSAN
    // ThreadSanitizer remembers which functions a fiber is in, 64 Ki of them at most, and it is not
    // told when they are abandoned.
    constexpr unsigned most_starts = 256;
    if (f.tsan != nullptr && f.starts == most_starts)
        __tsan_destroy_fiber(std::exchange(f.tsan, nullptr));
    if (f.tsan == nullptr) {
        f.tsan = __tsan_create_fiber(0);
        f.starts = 0;
    }
    ++f.starts;
#endif
#ifdef PIDMAP_STRESS_ASAN
    // Frames that were abandoned have left their red zones behind.
    const auto page = static_cast<std::size_t>(4096);
    const std::size_t usable = f.stack.size - page;
    __asan_unpoison_memory_region(static_cast<char*>(f.stack.sp) - usable, usable);
#endif
#if defined(PIDMAP_STRESS_ASAN) || defined(PIDMAP_STRESS_TSAN)
    constexpr std::size_t first_used = 16'384;  // Frames are large there.
#else
    constexpr std::size_t first_used = 1024;
#endif
    if (clean) std::memset(static_cast<char*>(f.stack.sp) - first_used, 0, first_used);
    f.context = context::make_fcontext(f.stack.sp, f.stack.size, &fibers::enter);
}

void fibers::leave(unsigned to, [[maybe_unused]] void** fake_stack) {
    left_ = std::exchange(running_, to);
    ++switches_;
#ifdef PIDMAP_STRESS_ASAN
    const fiber& f = fibers_[to];
    if (to == 0)
        __sanitizer_start_switch_fiber(fake_stack, own_bottom_, own_size_);
    else
        __sanitizer_start_switch_fiber(fake_stack, static_cast<char*>(f.stack.sp) - f.stack.size,
                                       f.stack.size);
#endif
#ifdef PIDMAP_STRESS_TSAN
    // The next execution may run on another OS thread.
    if (left_ == 0) fibers_[0].tsan = __tsan_get_current_fiber();
    __tsan_switch_to_fiber(fibers_[to].tsan, 0);
#endif
}

void fibers::arrive(context::fcontext_t from, [[maybe_unused]] void* fake_stack) {
    fibers_[left_].context = from;
#ifdef PIDMAP_STRESS_ASAN
    const void* bottom = nullptr;
    std::size_t size = 0;
    __sanitizer_finish_switch_fiber(fake_stack, &bottom, &size);
    if (left_ == 0) {
        own_bottom_ = bottom;
        own_size_ = size;
    }
#endif
}

void fibers::switch_to(unsigned to) {
    void* fake_stack = nullptr;
    leave(to, &fake_stack);
    const context::transfer_t back = context::jump_fcontext(fibers_[to].context, this);
    arrive(back.fctx, fake_stack);
}

void fibers::enter(context::transfer_t from) {
    auto& self = *static_cast<fibers*>(from.data);
    self.arrive(from.fctx, nullptr);
    self.body_(self.running_);
    self.switch_to(0);
    __builtin_unreachable();  // A thread that ended is only ever restarted.
}

}  // namespace pidmap_stress::explore
