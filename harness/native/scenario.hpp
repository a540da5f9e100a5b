#pragma once

#include <array>
#include <memory>
#include <span>
#include <string_view>

#include "allocator/contract.hpp"

namespace pidmap_stress {

class stage;
class worker;

struct scenario_info {
    /// The file's and the type's name.
    std::string_view name;
    std::string_view summary;
    discipline_set disciplines = every_discipline;
    /// What must happen at least once in a run for the run to show anything: see worker::hit().
    std::span<const std::string_view> marks{};
    /// Whether it is about namespaces that nest and close, or about objects: then it is only for
    /// variants that have them, see subject_entry.
    bool nests = false;
};

/// A workload: how a stage is set, and what each worker does on it.
///
/// A scenario is one header in harness/scenarios, with a class of the file's name that has a static
/// `info`. It uses no thread, no clock and no atomic, and takes chance from its workers only, so
/// that a seed fixes what it does.
class scenario {
public:
    virtual ~scenario() = default;

    /// The highest pid_max that it will set; `wanted` is the user's wish, 0 for no wish.
    [[nodiscard]] virtual pid_nr highest_pid_max(pid_nr wanted, unsigned workers) const {
        (void)workers;
        return wanted != 0 ? wanted : 32768;
    }
    /// Sets an empty stage: makes namespaces, seats the workers. Called when no worker runs.
    virtual void prepare(stage& set) = 0;
    /// What one worker does in one round, until it is out of operations. Called concurrently.
    virtual void work(worker& me) = 0;
    /// Whether the stage is emptied after each round, not only now and then.
    [[nodiscard]] virtual bool one_round_only() const { return false; }
    /// How many namespaces a worker can make in a round, if their books have room.
    [[nodiscard]] virtual std::size_t namespaces_each() const { return 128; }
    /// The most that each worker may do in a round, in operations.
    [[nodiscard]] virtual std::uint32_t longest_round() const { return 16384; }
};

struct scenario_entry {
    const scenario_info* info;
    std::unique_ptr<scenario> (*make)();
};

/// Whether a scenario applies to a variant under a discipline.
[[nodiscard]] inline bool fits(const scenario_info& workload, discipline how, bool nests) noexcept {
    return workload.disciplines.contains(how) && (nests || !workload.nests);
}

/// Every scenario, by name. Generated from the files of harness/scenarios.
[[nodiscard]] std::span<const scenario_entry> scenarios() noexcept;
[[nodiscard]] const scenario_entry* find_scenario(std::string_view name) noexcept;

}  // namespace pidmap_stress
