#pragma once

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <string>

namespace pidmap_stress {

/// One line that shows the progress of a run: redrawn on a terminal, written every 15 s in a log.
class progress_line {
public:
    /// \param unit  What is counted.
    progress_line(std::FILE* out, std::chrono::nanoseconds expected,
                  std::string unit = "operations");

    /// Some of the run was done before, by another process.
    /// \param operations  What it counted.
    void go_on_from(std::chrono::nanoseconds spent, std::uint64_t operations);
    /// \param what        What is running now.
    /// \param operations  Of the whole run so far.
    void update(const std::string& what, std::uint64_t operations);
    /// Takes the line off a terminal, before something else is printed.
    void clear();
    [[nodiscard]] bool on_terminal() const noexcept { return terminal_; }

private:
    using clock = std::chrono::steady_clock;

    std::FILE* out_;
    std::string unit_;
    bool terminal_;
    bool shown_ = false;
    std::chrono::nanoseconds expected_;
    clock::time_point begin_;
    clock::time_point last_;
    std::uint64_t last_operations_ = 0;
};

}  // namespace pidmap_stress
