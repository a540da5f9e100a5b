#include "harness/command/shard.hpp"

#include <array>
#include <cstdlib>
#include <fstream>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "harness/base/usage_error.hpp"
#include "harness/base/whole_number.hpp"

namespace pidmap_stress {
namespace {

/// More parts than this are a mistake.
constexpr unsigned most_shards = 1'000'000;

[[nodiscard]] unsigned number_of(const char* name, const std::string& text, unsigned low) {
    unsigned value = 0;
    if (const auto wrong = read_whole_number(text, low, most_shards, value))
        throw usage_error(fmt::format("{}: {}", name, *wrong));
    return value;
}

[[nodiscard]] shard_choice from_option(const std::string& text) {
    const std::size_t slash = text.find('/');
    unsigned index = 0;
    unsigned count = 0;
    if (slash == std::string::npos ||
        read_whole_number(std::string_view(text).substr(0, slash), 1U, most_shards, index) ||
        read_whole_number(std::string_view(text).substr(slash + 1), 1U, most_shards, count) ||
        index > count)
        throw usage_error(fmt::format(
            "--shard '{}' is not a part of a whole; it must be like 2/8: from 1/8 to 8/8", text));
    return {.part = {.index = index - 1, .count = count}, .from = "--shard"};
}

/// The variables of one batch system.
struct convention {
    const char* index;
    const char* first;  ///< Has the number of the first part; nullptr: see first_is.
    unsigned first_is = 0;
    const char* count;
};
constexpr std::array<convention, 4> conventions{{
    {.index = "GTEST_SHARD_INDEX", .first = nullptr, .first_is = 0, .count = "GTEST_TOTAL_SHARDS"},
    {.index = "SLURM_ARRAY_TASK_ID",
     .first = "SLURM_ARRAY_TASK_MIN",
     .first_is = 0,
     .count = "SLURM_ARRAY_TASK_COUNT"},
    {.index = "JOB_COMPLETION_INDEX", .first = nullptr, .first_is = 0, .count = "JOB_COMPLETIONS"},
    {.index = "CI_NODE_INDEX", .first = nullptr, .first_is = 1, .count = "CI_NODE_TOTAL"},
}};

[[nodiscard]] std::optional<shard_choice> from_environment(
    const convention& of, const std::function<const char*(const char*)>& value) {
    const char* const index = value(of.index);
    const char* const count = value(of.count);
    // GitLab sets the total alone where a job is not divided.
    if (index == nullptr) return std::nullopt;
    if (count == nullptr)
        throw usage_error(
            fmt::format("{} is set, and {} is not: of how many parts?", of.index, of.count));
    unsigned first = of.first_is;
    if (of.first != nullptr)
        if (const char* const text = value(of.first)) first = number_of(of.first, text, 0);
    const unsigned number = number_of(of.index, index, first);
    const unsigned parts = number_of(of.count, count, 1);
    if (number - first >= parts)
        throw usage_error(
            fmt::format("{}={} with {}={} is not a part of a whole; it must be {} to {}", of.index,
                        index, of.count, count, first, first + parts - 1));
    return shard_choice{.part = {.index = number - first, .count = parts}, .from = of.index};
}

}  // namespace

shard_choice choose_shard(const std::string& given,
                          const std::function<const char*(const char*)>& value) {
    std::vector<shard_choice> said;
    if (!given.empty()) said.push_back(from_option(given));
    for (const convention& one : conventions)
        if (auto found = from_environment(one, value)) said.push_back(std::move(*found));
    if (said.empty()) return {};
    for (const shard_choice& one : said)
        if (one.part != said.front().part)
            throw usage_error(fmt::format("{} says part {}, {} says part {}; only one can be right",
                                          said.front().from, to_string(said.front().part), one.from,
                                          to_string(one.part)));
    return said.front();
}

std::string describe(const shard_choice& share) {
    if (share.from.empty()) return {};
    return fmt::format(", part {} ({})", to_string(share.part), share.from);
}

void add_shard_option(CLI::App& app, shard_choice& wanted, std::string_view of) {
    app.add_option("--shard", wanted.given,
                   fmt::format("i/n, like 2/8: this process does part i of n of {}; report joins "
                               "them.\nWithout it, the variables of a batch system say so: "
                               "GTEST_SHARD_INDEX, SLURM_ARRAY_TASK_ID, JOB_COMPLETION_INDEX, "
                               "CI_NODE_INDEX",
                               of));
}

void complete(shard_choice& wanted) {
    std::string given = std::move(wanted.given);
    wanted = choose_shard(
        given, [](const char* name) { return static_cast<const char*>(std::getenv(name)); });
    wanted.given = std::move(given);
    if (wanted.from.empty()) return;
    if (const char* const path = std::getenv("GTEST_SHARD_STATUS_FILE"))
        std::ofstream(path, std::ios::app).flush();
}

}  // namespace pidmap_stress
