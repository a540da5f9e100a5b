#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "harness/journal/records.hpp"

namespace pidmap_stress::journal {

struct metric_sample {
    std::vector<std::pair<std::string, std::string>> labels{};
    double value = 0;
};
struct metric_family {
    std::string name{};
    std::string help{};
    bool counts = false;  ///< It is a counter; otherwise it is a gauge.
    std::vector<metric_sample> samples{};
};

/// A campaign in numbers, for Prometheus. Base units; nothing in the labels that grows without end,
/// such as a seed.
class metrics {
public:
    explicit metrics(campaign_record campaign);

    void add(const slice_record& slice);
    void add(const canary_record& canary);

    [[nodiscard]] std::vector<metric_family> families() const;
    /// The same in the text format, which the textfile collector of the node exporter reads.
    [[nodiscard]] std::string to_text() const;

private:
    campaign_record campaign_;
    std::uint64_t slices_ = 0;
    std::uint64_t operations_ = 0;
    double work_seconds_ = 0;
    double cpu_seconds_ = 0;
    std::uint64_t resident_kib_ = 0;
    /// By invariant, and whether the cell declares it.
    std::map<std::pair<std::string, bool>, std::uint64_t> broken_{};
    std::map<std::string, std::uint64_t> bad_ends_{};
    std::map<std::string, std::uint64_t> near_misses_{};
    std::uint64_t canaries_found_ = 0;
    std::uint64_t canaries_missed_ = 0;
    double work_at_last_canary_ = 0;
    double last_progress_ = 0;  ///< Seconds since 1970.
};

}  // namespace pidmap_stress::journal
