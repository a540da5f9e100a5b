#include "harness/journal/metrics.hpp"

#include <algorithm>
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

/// One metric: its explanation, then a sample for each set of labels.
class family {
public:
    family(std::string& into, std::string_view name, std::string_view type, std::string_view help,
           std::string_view world)
        : into_(into), name_(name), world_(in_quotes(world)) {
        into_ += fmt::format("# HELP pidmap_stress_{} {}\n# TYPE pidmap_stress_{} {}\n", name, help,
                             name, type);
    }
    /// \param labels  "invariant=\"...\"", or nothing.
    template <class Number>
    void sample(Number value, const std::string& labels = {}) {
        into_ += fmt::format("pidmap_stress_{}{{world={}{}{}}} {}\n", name_, world_,
                             labels.empty() ? "" : ",", labels, value);
    }

private:
    std::string& into_;
    std::string_view name_;
    std::string world_;
};

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
}

void metrics::add(const canary_record& canary) {
    ++(canary.found ? canaries_found_ : canaries_missed_);
    work_at_last_canary_ = canary.work_seconds;
}

std::string metrics::to_text(double now) const {
    std::string text;
    const auto one = [&](std::string_view name, std::string_view type, std::string_view help) {
        return family(text, name, type, help, campaign_.world);
    };
    one("operations_total", "counter", "Calls of the allocator, in all slices.")
        .sample(operations_);
    one("slices_total", "counter", "Slices that ended.").sample(slices_);
    one("work_seconds_total", "counter", "Time of slices.").sample(work_seconds_);
    one("cpu_seconds_total", "counter", "Processor time of workers.").sample(cpu_seconds_);
    family findings = one("findings_total", "counter",
                          "How often an invariant broke, and whether its variant declares that.");
    for (const auto& [which, times] : broken_)
        findings.sample(times, fmt::format("invariant={},expected=\"{}\"", in_quotes(which.first),
                                           which.second ? "true" : "false"));
    family ends = one("bad_ends_total", "counter", "Slices that crashed, stalled or were killed.");
    for (const auto& [end, times] : bad_ends_)
        ends.sample(times, fmt::format("end={}", in_quotes(end)));
    family near =
        one("near_misses_total", "counter", "How often something happened that bugs need.");
    for (const auto& [name, times] : near_misses_)
        near.sample(times, fmt::format("kind={}", in_quotes(name)));
    family canaries = one("canaries_total", "counter", "Planted bugs that were looked for.");
    canaries.sample(canaries_found_, "found=\"true\"");
    canaries.sample(canaries_missed_, "found=\"false\"");
    one("work_since_canary_seconds", "gauge", "Time of slices since the last planted bug.")
        .sample(work_seconds_ - work_at_last_canary_);
    one("resident_memory_bytes", "gauge", "Memory of the supervising process.")
        .sample(resident_kib_ * 1024);
    one("last_progress_timestamp_seconds", "gauge", "When the last slice or planted bug ended.")
        .sample(now);
    return text;
}

}  // namespace pidmap_stress::journal
