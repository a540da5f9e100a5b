#include "harness/command/soak/slice_result.hpp"

#include <algorithm>

namespace pidmap_stress {
namespace {

[[nodiscard]] std::vector<std::string> names_of(invariant_set set) {
    std::vector<std::string> names;
    for (int n = 0; n < invariant_count; ++n)
        if (set.contains(static_cast<invariant>(n)))
            names.emplace_back(to_string(static_cast<invariant>(n)));
    return names;
}

[[nodiscard]] journal::explained_finding to_record(const explanation& what) {
    journal::explained_finding record{.token = what.token,
                                      .headline = what.headline,
                                      .program = what.program,
                                      .table = what.table,
                                      .threads = what.threads,
                                      .executions = what.executions};
    for (const explained_step& step : what.steps)
        record.steps.push_back({.thread = step.thread,
                                .call = step.call,
                                .what = step.what,
                                .edge = step.edge,
                                .place = step.place,
                                .reads_from = step.reads_from,
                                .broken = step.broken});
    return record;
}

}  // namespace

journal::planned_cell to_plan(const cell& what) {
    const variant_info& variant = *what.variant->info;
    const scenario_info& scenario = *what.workload->info;
    journal::planned_cell plan{.name = {.variant = std::string(variant.name),
                                        .discipline = std::string(to_string(what.how)),
                                        .scenario = std::string(scenario.name)}};
    for (const std::string_view mark : scenario.marks) plan.marks.emplace_back(mark);
    invariant_set permitted;
    for (int n = 0; n < invariant_count; ++n)
        if (variant.breaks.expects(static_cast<invariant>(n), what.how))
            permitted.insert(static_cast<invariant>(n));
    plan.permitted = names_of(permitted);
    plan.required = names_of(missing_from({}, variant, what.how, scenario.name));
    return plan;
}

journal::slice_record to_record(const slice_plan::slice& which, const cell_result& result) {
    journal::slice_record record{.cell = which.cell,
                                 .number = which.number,
                                 .seconds = result.seconds,
                                 .cpu_seconds = result.seen.cpu_seconds,
                                 .operations = result.seen.operations,
                                 .rounds = result.rounds,
                                 .trials = result.trials,
                                 .end = std::string(to_string(result.seen.end)),
                                 .ending = result.ending,
                                 .cut_short = result.cut_short,
                                 .out_of_resources = result.out_of_resources,
                                 .marks = result.marks_hit,
                                 .last_events = result.last_events,
                                 .stacks = result.stacks,
                                 .near_misses = result.near_misses,
                                 .clear_to_put_ns = result.clear_to_put_ns,
                                 .trial_resident_kib = result.trial_resident_kib,
                                 .undecided = result.undecided_histories};
    for (int n = 0; n < invariant_count; ++n)
        if (const auto times = result.seen.times_broken[static_cast<std::size_t>(n)]; times != 0)
            record.broken[std::string(to_string(static_cast<invariant>(n)))] = times;
    invariant_set told;
    for (const finding& one : result.seen.findings) {
        if (told.contains(one.broken)) continue;
        told.insert(one.broken);
        journal::found kept{.invariant = std::string(to_string(one.broken)), .sentence = one.what};
        const auto explained =
            std::ranges::find(result.explained, one.broken, &explanation::broken);
        if (explained != result.explained.end()) kept.explained = to_record(*explained);
        record.findings.push_back(std::move(kept));
    }
    return record;
}

std::uint64_t near_misses_of(const journal::slice_record& slice) {
    std::uint64_t sum = 0;
    for (const auto& [name, times] : slice.near_misses) sum += times;
    return sum;
}

}  // namespace pidmap_stress
