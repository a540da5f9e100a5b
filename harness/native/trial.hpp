#pragma once

#include <cstdint>
#include <string>

#include "harness/native/scenario.hpp"
#include "harness/native/subject.hpp"
#include "harness/native/worker_pool.hpp"

namespace pidmap_stress {

struct board;

/// One variant under one discipline in one scenario.
struct cell {
    const subject_entry* variant = nullptr;
    const scenario_entry* workload = nullptr;
    discipline how{};
};

/// How cells are run.
struct trial_settings {
    unsigned workers = 4;
    pool_kind pool = pool_kind::tbb;
    bool pin = false;
    std::uint32_t jitter_one_in = 0;  ///< 0: no delays.
    pid_nr pid_max = 0;               ///< 0: the scenario's own.
    std::uint64_t key = 0;            ///< Fixes all chance in the trial.
    std::uint64_t operations = 0;     ///< About this many calls at most; 0: no limit.
    /// The file for a sanitizer's own text of its reports. Empty: standard error, as it comes.
    std::string raw_text{};
};

/// The key of all chance in a cell of a run with this seed. It depends on names, not on places: the
/// same cell draws the same chance in every run that has it.
[[nodiscard]] std::uint64_t cell_key(std::uint64_t seed, const cell& what);

/// Runs rounds until the board says stop or the operations are used up, in this process. All
/// findings are on the board.
void run_trial(const cell& what, const trial_settings& how, board& report_to);

}  // namespace pidmap_stress
