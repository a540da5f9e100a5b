#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace pidmap_stress {

namespace memory_domain {
struct release_record;
}

/// What the current call of this thread has released so far, and how deep in the stack.
///
/// A call that may release a whole chain begins it; others leave it closed, and pay nothing.
class releases_of_call {
public:
    /// The levels of a chain, and an object.
    static constexpr std::size_t capacity = 40;
    /// This many releases in a row, each deeper in the stack than the one before, or each less
    /// deep, are not an accident of inlining: the call needs more stack for a longer chain.
    static constexpr unsigned in_a_row = 4;

    void begin() noexcept {
        open_ = true;
        size_ = 0;
        frame_ = 0;
        steps_ = 0;
    }
    void end() noexcept { open_ = false; }
    [[nodiscard]] bool open() const noexcept { return open_; }

    void note(memory_domain::release_record* what) noexcept {
        if (size_ < capacity) released_[size_++] = what;
    }
    /// Notes where in the stack a release is. \returns Whether the stack has grown with the chain.
    [[nodiscard]] bool note_depth(std::uintptr_t frame) noexcept {
        const int direction = frame_ == 0 || frame == frame_ ? 0 : frame < frame_ ? 1 : -1;
        steps_ = direction != 0 && (steps_ == 0 || direction == direction_) ? steps_ + 1
                 : direction != 0                                           ? 1
                                                                            : 0;
        direction_ = direction;
        frame_ = frame;
        return steps_ == in_a_row;
    }
    [[nodiscard]] std::span<memory_domain::release_record* const> released() const noexcept {
        return {released_.data(), size_};
    }

private:
    bool open_ = false;
    std::size_t size_ = 0;
    std::array<memory_domain::release_record*, capacity> released_{};
    std::uintptr_t frame_ = 0;
    unsigned steps_ = 0;
    int direction_ = 0;
};

}  // namespace pidmap_stress
