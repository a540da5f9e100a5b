#include "harness/command/report/progress.hpp"

#include <unistd.h>

#include <utility>

#include <fmt/format.h>

#include "harness/base/duration.hpp"
#include "harness/base/say.hpp"

namespace pidmap_stress {
namespace {
constexpr auto redraw_interval = std::chrono::milliseconds(200);
constexpr auto log_interval = std::chrono::seconds(15);
}  // namespace

progress_line::progress_line(std::FILE* out, std::chrono::nanoseconds expected, std::string unit)
    : out_(out),
      unit_(std::move(unit)),
      terminal_(::isatty(::fileno(out)) == 1),
      expected_(expected),
      begin_(clock::now()),
      last_(begin_) {}

void progress_line::go_on_from(std::chrono::nanoseconds spent, std::uint64_t operations) {
    begin_ -= spent;
    last_operations_ = operations;
}

void progress_line::update(const std::string& what, std::uint64_t operations) {
    const clock::time_point now = clock::now();
    if (now - last_ <
        (terminal_ ? clock::duration(redraw_interval) : clock::duration(log_interval)))
        return;
    const double seconds = std::chrono::duration<double>(now - last_).count();
    const double rate = operations > last_operations_
                            ? static_cast<double>(operations - last_operations_) / seconds
                            : 0;
    std::string line =
        fmt::format("{}: {} {}/s, {} elapsed", what, to_human(rate), unit_, to_human(now - begin_));
    if (expected_.count() != 0)
        line += fmt::format(", {} left",
                            to_human(std::max(expected_ - (now - begin_), clock::duration(0))));
    if (terminal_)
        say(out_, "\r\033[K{}", line);
    else
        say(out_, "{}\n", line);
    std::fflush(out_);
    shown_ = true;
    last_ = now;
    last_operations_ = operations;
}

void progress_line::clear() {
    if (terminal_ && shown_) say(out_, "\r\033[K");
    std::fflush(out_);
    shown_ = false;
}

}  // namespace pidmap_stress
