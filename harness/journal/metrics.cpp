#include "harness/journal/metrics.hpp"

#include <algorithm>
#include <ctime>
#include <iomanip>
#include <sstream>
#include <string_view>

#include <fmt/format.h>

namespace pidmap_stress::journal {
namespace {

/// In quotes: backslashes, quotes and ends of lines are escaped, as the format wants it.
[[nodiscard]] std::string in_quotes(std::string_view value) {
    std::string text = "\"";
    for (const char c : value) {
        if (c == '\\' || c == '"') text += '\\';
        text += c == '\n' ? std::string("\\n") : std::string(1, c);
    }
    return text + "\"";
}

/// A journal's time, in seconds since 1970; 0 if it is not one.
[[nodiscard]] double seconds_of(const std::string& at) {
    std::tm utc{};
    double fraction = 0;
    std::istringstream text(at);
    if (!(text >> std::get_time(&utc, "%Y-%m-%dT%H:%M:%S"))) return 0;
    if (text.peek() == '.') text >> fraction;
    return static_cast<double>(::timegm(&utc)) + fraction;
}

}  // namespace

metrics::metrics(campaign_record campaign) : campaign_(std::move(campaign)) {}

void metrics::add(const slice_record& slice) {
    ++slices_;
    operations_ += slice.operations;
    work_seconds_ += slice.seconds;
    cpu_seconds_ += slice.cpu_seconds;
    resident_kib_ = slice.resident_kib;
    const std::vector<std::string>& permitted = campaign_.cells.at(slice.cell).permitted;
    for (const auto& [invariant, times] : slice.broken)
        broken_[{invariant, std::ranges::find(permitted, invariant) != permitted.end()}] += times;
    if (slice.end != "completed") ++bad_ends_[slice.end];
    for (const auto& [name, times] : slice.near_misses) near_misses_[name] += times;
    last_progress_ = std::max(last_progress_, seconds_of(slice.at) + slice.spent_seconds);
}

void metrics::add(const canary_record& canary) {
    ++(canary.found ? canaries_found_ : canaries_missed_);
    work_at_last_canary_ = canary.work_seconds;
    last_progress_ = std::max(last_progress_, seconds_of(canary.at) + canary.seconds);
}

std::vector<metric_family> metrics::families() const {
    std::vector<metric_family> all;
    const auto counter = [&all](std::string_view name, std::string_view help) {
        all.push_back({.name = fmt::format("pidmap_stress_{}_total", name),
                       .help = std::string(help),
                       .counts = true});
    };
    const auto gauge = [&all](std::string_view name, std::string_view help) {
        all.push_back({.name = fmt::format("pidmap_stress_{}", name), .help = std::string(help)});
    };
    const auto sample = [&](double value,
                            std::vector<std::pair<std::string, std::string>> labels = {}) {
        labels.emplace(labels.begin(), "world", campaign_.world);
        all.back().samples.push_back({.labels = std::move(labels), .value = value});
    };
    const auto number = [](std::uint64_t n) { return static_cast<double>(n); };
    counter("operations", "Calls of the allocator, in all slices.");
    sample(number(operations_));
    counter("slices", "Slices that ended.");
    sample(number(slices_));
    counter("work_seconds", "Time of slices.");
    sample(work_seconds_);
    counter("cpu_seconds", "Processor time of workers.");
    sample(cpu_seconds_);
    counter("findings", "How often an invariant broke, and whether its variant declares that.");
    for (const auto& [which, times] : broken_)
        sample(number(times),
               {{"invariant", which.first}, {"expected", which.second ? "true" : "false"}});
    counter("bad_ends", "Slices that crashed, stalled or were killed.");
    for (const auto& [end, times] : bad_ends_) sample(number(times), {{"end", end}});
    counter("near_misses", "How often something happened that bugs need.");
    for (const auto& [name, times] : near_misses_) sample(number(times), {{"kind", name}});
    counter("canaries", "Planted bugs that were looked for.");
    sample(number(canaries_found_), {{"found", "true"}});
    sample(number(canaries_missed_), {{"found", "false"}});
    gauge("work_since_canary_seconds", "Time of slices since the last planted bug.");
    sample(work_seconds_ - work_at_last_canary_);
    gauge("resident_memory_bytes", "Memory of the supervising process.");
    sample(number(resident_kib_ * 1024));
    gauge("last_progress_timestamp_seconds", "When the last slice or planted bug ended.");
    sample(last_progress_);
    return all;
}

std::string metrics::to_text() const {
    std::string text;
    for (const metric_family& one : families()) {
        text += fmt::format("# HELP {} {}\n# TYPE {} {}\n", one.name, one.help, one.name,
                            one.counts ? "counter" : "gauge");
        for (const metric_sample& sample : one.samples) {
            std::string labels;
            for (const auto& [name, value] : sample.labels)
                labels += fmt::format("{}{}={}", labels.empty() ? "" : ",", name, in_quotes(value));
            text += fmt::format("{}{{{}}} {}\n", one.name, labels, sample.value);
        }
    }
    return text;
}

}  // namespace pidmap_stress::journal
