#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "harness/journal/summary.hpp"

/// What is known of findings over many nights, and what a night changed.
namespace pidmap_stress::journal {

/// What nights remember of a family of findings: the programs that show it may vary by chance.
struct known_finding {
    std::string family{};
    std::string kind{};
    std::string invariant{};
    std::string variant{};
    std::string discipline{};
    std::string scenario{};
    bool expected = false;
    std::string first_seen{};
    std::string last_seen{};
    std::uint64_t count = 0;       ///< Slices that showed it, in all nights.
    std::uint64_t nights = 0;      ///< That showed it.
    double cpu_seconds_until = 0;  ///< Of its cell, up to the night that showed it last.
    double cpu_seconds_since = 0;  ///< Of its cell, since then.
    std::uint64_t nights_since = 0;
    bool fixed = false;  ///< Not seen for so long that chance is below 5 %.
};

/// How fast a cell was in a night.
struct known_speed {
    double operations_per_cpu_second = 0;
};

struct ledger {
    std::uint64_t nights = 0;
    std::string last_night{};                         ///< When it ended.
    std::map<std::string, known_finding> findings{};  ///< By family.
    std::map<std::string, known_speed> speeds{};      ///< By world and cell: of the last night.
};

/// \returns  nullopt if there is no such file.
/// \throws std::runtime_error  one sentence: it cannot be read, or is not a ledger of this version.
[[nodiscard]] std::optional<ledger> read_ledger(const std::string& path);
[[nodiscard]] std::string to_text(const ledger& what);

/// What happened to one finding.
struct finding_change {
    enum class kind : std::uint8_t { is_new, still_there, not_seen, came_back, fixed };
    kind what{};
    known_finding known{};          ///< As it was before this night; of a new one, as it is now.
    double chance_of_luck = 1;      ///< Of `not_seen`: that it is there and did not show.
    double seconds_to_confirm = 0;  ///< Of `not_seen`: CPU seconds until the chance is below 5 %.
};

/// A cell that is slower than it was.
struct slower_cell {
    std::string world{};
    cell_name cell{};
    double before = 0;  ///< Operations per CPU second.
    double now = 0;
};

/// A night against what was known before it.
struct comparison {
    bool has_baseline = false;
    std::string remark{};  ///< Why there is none, if one was asked for; or what it is of.
    std::vector<finding_change> findings{};
    std::vector<slower_cell> slower{};
};

/// \param before  nullopt: nothing is known, so there is no comparison, and nothing is called new.
[[nodiscard]] comparison compare(const std::optional<ledger>& before, const summary& now);
/// The ledger after this night.
[[nodiscard]] ledger with_night(const std::optional<ledger>& before, const summary& now);

}  // namespace pidmap_stress::journal
