#pragma once

#include <array>
#include <boost/context/detail/fcontext.hpp>
#include <boost/context/protected_fixedsize_stack.hpp>
#include <cstddef>
#include <cstdint>
#include <functional>

#include "harness/explorer/model/vector_clock.hpp"

namespace pidmap_stress::explore {

/// The stacks that a program's threads run on, one OS thread under all of them. Index 0 is the
/// caller's own stack. Stacks are kept: to start a thread again is to write a few words.
class fibers {
public:
    static constexpr std::size_t stack_bytes = 256 * 1024;

    /// \param body  Runs on a fiber, with its index. What it abandons by never being resumed is
    ///              not unwound.
    explicit fibers(std::function<void(unsigned)> body);
    ~fibers();
    fibers(const fibers&) = delete;
    fibers& operator=(const fibers&) = delete;

    /// Makes fiber `index` ready to run `body` from its beginning, whatever it was doing.
    /// \param clean  Whether to wipe the part of the stack that it will use first, so that what is
    ///               found in dead slots there is the same in each run.
    void restart(unsigned index, bool clean = false);
    /// Goes on with fiber `to`, where it left off. Returns when somebody switches back.
    void switch_to(unsigned to);
    [[nodiscard]] unsigned running() const noexcept { return running_; }
    /// How often anybody switched.
    [[nodiscard]] std::uint64_t switches() const noexcept { return switches_; }
    /// How many bytes of the running stack are left below `here`, which lies on it.
    [[nodiscard]] std::ptrdiff_t room_below(const char* here) const noexcept {
        return here - ends_[running_];
    }
    /// Where the caller's own stack ends, which is not known by itself.
    void own_stack_ends_at(const char* end) noexcept { ends_[0] = end; }
    /// The high end of a fiber's stack.
    [[nodiscard]] const char* stack_base(unsigned index) const noexcept {
        return static_cast<const char*>(fibers_[index].stack.sp);
    }

private:
    struct fiber {
        boost::context::detail::fcontext_t context = nullptr;
        boost::context::stack_context stack{};
        void* tsan = nullptr;
        unsigned starts = 0;  // Of this `tsan`.
    };
    static void enter(boost::context::detail::transfer_t from);
    void leave(unsigned to, void** fake_stack);
    void arrive(boost::context::detail::fcontext_t from, void* fake_stack);

    std::function<void(unsigned)> body_;
    std::array<fiber, max_threads> fibers_{};
    std::array<const char*, max_threads> ends_{};  // Below that is the guard.
    boost::context::protected_fixedsize_stack allocator_{stack_bytes};
    unsigned running_ = 0;
    std::uint64_t switches_ = 0;
    unsigned left_ = 0;  // Who switched here.
    [[maybe_unused]] const void* own_bottom_ =
        nullptr;  // AddressSanitizer wants to know the caller's stack.
    [[maybe_unused]] std::size_t own_size_ = 0;
};

}  // namespace pidmap_stress::explore
