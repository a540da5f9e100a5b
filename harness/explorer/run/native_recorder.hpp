#pragma once

#include <string_view>

namespace pidmap_stress::explore {

/// What a program tells when it runs natively, and not in the explorer.
class native_recorder {
public:
    native_recorder() = default;
    native_recorder(const native_recorder&) = delete;
    native_recorder& operator=(const native_recorder&) = delete;

    /// A check failed.
    virtual void fail(std::string_view what) = 0;
    /// How this run ended. Called when its threads have.
    virtual void outcome(std::string_view text) = 0;

    /// Of the run that this OS thread belongs to; nullptr: of none.
    static inline constinit thread_local native_recorder* current = nullptr;
    /// This OS thread's number in the program; 0: not one of its threads.
    static inline constinit thread_local unsigned thread = 0;

protected:
    ~native_recorder() = default;
};

}  // namespace pidmap_stress::explore
