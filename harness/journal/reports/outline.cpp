#include "harness/journal/reports/outline.hpp"

#include <algorithm>
#include <optional>
#include <string_view>

#include <fmt/format.h>

#include "harness/base/duration.hpp"
#include "harness/journal/reports/phrases.hpp"
#include "harness/journal/text/safe_text.hpp"

namespace pidmap_stress::journal {
namespace {

using change_kind = finding_change::kind;

/// Of several findings, what to read first.
[[nodiscard]] int rank_of(const finding_change* change) {
    if (change == nullptr) return 4;
    switch (change->what) {
        case change_kind::is_new:
            return 0;
        case change_kind::came_back:
            return 1;
        case change_kind::fixed:
            return 2;
        case change_kind::not_seen:
            return 3;
        case change_kind::still_there:
            break;
    }
    return 4;
}

[[nodiscard]] std::string sentence_of(const finding_change& change) {
    const known_finding& known = change.known;
    return fmt::format("{} of {} under {}: {}",
                       known.invariant.empty() ? known.kind : known.invariant, known.variant,
                       known.discipline, change_text(change));
}

[[nodiscard]] std::string sentence_of(const slower_cell& slower) {
    const double change = slower.before > 0 ? 100 * (slower.now / slower.before - 1) : 0;
    return fmt::format("slower: {} ({}): {} operations per CPU second, {} before ({:.0f} %)",
                       to_string(slower.cell), slower.world, to_human(slower.now),
                       to_human(slower.before), change);
}

[[nodiscard]] bool has_finding(const summary& night, const cell_total& cell) {
    return std::ranges::any_of(night.findings, [&cell](const finding_group& group) {
        return !group.expected && seen_in(group, cell) != nullptr;
    });
}

}  // namespace

const sighting* seen_in(const finding_group& group, const cell_total& cell) {
    const auto there = std::ranges::find_if(group.sightings, [&cell](const sighting& one) {
        return one.world == cell.world && one.cell == cell.plan.name;
    });
    return there == group.sightings.end() ? nullptr : &*there;
}

std::vector<const finding_group*> unexpected_findings(const report_input& what) {
    std::vector<const finding_group*> groups;
    for (const finding_group& group : what.night.findings)
        if (!group.expected) groups.push_back(&group);
    // By place in the night where ranks are equal: all of them are of one vector.
    std::ranges::sort(groups, {}, [&what](const finding_group* group) {
        return std::pair{rank_of(change_of(*group, what.changes)), group};
    });
    return groups;
}

std::string occurrence_text(const finding_group& group, const comparison& changes) {
    const std::string age = age_text(group, changes);
    return fmt::format("{} in {}, {}{}{}", counted(group.count, "time"),
                       counted(group.sightings.size(), "slice"),
                       group.first_seen == group.last_seen
                           ? fmt::format("at {}", group.first_seen)
                           : fmt::format("from {} to {}", group.first_seen, group.last_seen),
                       age.empty() ? "" : "; ", age);
}

std::string recurrence_text(const reproduction& again) {
    const std::string text = reproduction_text(again);
    return text.empty() ? "not run again, so how often it comes again is not known" : text;
}

std::string replay_command(const finding_group& group) {
    if (!group.explained || group.explained->token.empty()) return {};
    return fmt::format("./run_stress.sh replay '{}'", group.explained->token);
}

std::string account_text(const finding_group& group, const sighting& at, const comparison& changes,
                         const account_limits& limits) {
    constexpr std::size_t most_of_a_sentence = 4'000;
    constexpr std::size_t most_of_a_command = 4'000;
    constexpr std::size_t most_of_events = 16'000;
    const auto command_text = [](std::string_view head, std::string_view command) {
        if (command.empty()) return std::string{};
        return fmt::format("{}\n  {}\n", head, safe_text::clipped(command, most_of_a_command));
    };
    const auto below = [](std::string_view head, std::string_view text, std::size_t most) {
        if (text.empty()) return std::string{};
        return fmt::format("{}\n{}\n", head, safe_text::clipped(text, most));
    };
    std::string text = safe_text::clipped(at.sentence, most_of_a_sentence) + "\n";
    text += fmt::format("finding {}: {}\n", group.id,
                        safe_text::one_line(occurrence_text(group, changes), most_of_a_sentence));
    text += command_text("run it again with", at.command);
    text += fmt::format("it came again in {}\n", recurrence_text(group.again));
    if (group.explained) {
        const explained_finding& shown = *group.explained;
        text += below("an interleaving that shows it:", shown.headline, most_of_a_sentence);
        if (!shown.table.empty())
            text += safe_text::clipped(shown.table, limits.table_bytes) + "\n";
        text += command_text("replay it with", replay_command(group));
        if (!shown.test_file.empty())
            text += fmt::format("as a test: {}\n",
                                safe_text::one_line(shown.test_file, most_of_a_command));
    }
    if (limits.events_and_stacks) {
        text += below("last events, newest last:", group.last_events, most_of_events);
        text += below("stacks:", group.stacks, most_of_events);
    }
    return text;
}

told_changes changes_to_tell(const comparison& changes) {
    told_changes told{.compared_with = changes.remark};
    if (told.compared_with.empty())
        told.compared_with = changes.has_baseline
                                 ? "compared with the nights before"
                                 : "no earlier night to compare with, so nothing is called new";
    if (!changes.has_baseline) return told;
    std::vector<const finding_change*> unexpected;
    std::vector<const finding_change*> known;
    for (const finding_change& change : changes.findings) {
        if (!change.known.expected)
            unexpected.push_back(&change);
        else if (change.what == change_kind::still_there)
            ++told.known_still_there;
        else
            known.push_back(&change);
    }
    // The same.
    const auto rank = [](const finding_change* change) {
        return std::pair{rank_of(change), change};
    };
    std::ranges::sort(unexpected, {}, rank);
    std::ranges::sort(known, {}, rank);
    for (const finding_change* change : unexpected) told.sentences.push_back(sentence_of(*change));
    for (const slower_cell& slower : changes.slower) told.sentences.push_back(sentence_of(slower));
    for (const finding_change* change : known)
        told.sentences.push_back("known breakage: " + sentence_of(*change));
    return told;
}

std::string memory_text(const memory_watch& memory) {
    if (memory.first_third_kib == 0 && memory.last_third_kib == 0)
        return "too few slices to tell whether memory grows";
    return fmt::format("{} {} KiB in the first third to {} KiB in the last",
                       memory.grows ? "memory grew from" : "memory did not grow: from",
                       memory.first_third_kib, memory.last_third_kib);
}

std::vector<problem> other_problems(const summary& night) {
    std::vector<problem> problems;
    if (night.slices == 0 && night.others.empty())
        problems.push_back(
            {.title = "nothing was run",
             .sentence = fmt::format("{}; exit code {}", night.verdict, night.exit_code)});
    for (const canary_state& canary : night.canaries)
        if (canary.dead)
            problems.push_back(
                {.title = "no living canary",
                 .sentence = fmt::format("{}; what held meanwhile shows nothing", canary.why)});
    for (const memory_watch& memory : night.memory)
        if (memory.grows)
            problems.push_back(
                {.title = "memory grows",
                 .sentence = fmt::format("{}: {}", memory.folder, memory_text(memory))});
    for (const missing_part& part : night.missing)
        problems.push_back({.title = "missing", .sentence = part.what});
    for (const other_part& part : night.others)
        if (part.code != 0)
            problems.push_back(
                {.title = fmt::format("{} ended with exit code {}", part.name, part.code),
                 .sentence = part.sentence});
    std::vector<std::string> not_run;
    for (const cell_total& cell : night.cells) {
        if (cell.as_expected || has_finding(night, cell)) continue;
        const std::string name = fmt::format("{} ({})", to_string(cell.plan.name), cell.world);
        if (cell.slices == 0)
            not_run.push_back(name);
        else
            problems.push_back(
                {.title = name,
                 .sentence = fmt::format("{}: {}", verdict_text(cell), reason_text(cell))});
    }
    if (!not_run.empty() && night.slices != 0)
        problems.push_back({.title = fmt::format("{} not run", counted(not_run.size(), "cell")),
                            .sentence = fmt::format("{}", fmt::join(not_run, ", "))});
    return problems;
}

std::vector<std::string> others_of(const summary& night) {
    std::vector<std::string> good;
    for (const other_part& part : night.others)
        if (part.code == 0) good.push_back(fmt::format("{}: {}", part.name, part.sentence));
    return good;
}

safety_matrix matrix_of(const summary& night) {
    safety_matrix all;
    const auto add_name = [](std::vector<std::string>& list, const std::string& name) {
        if (std::ranges::find(list, name) == list.end()) list.push_back(name);
    };
    for (const cell_total& cell : night.cells) {
        const cell_name& name = cell.plan.name;
        add_name(all.variants, name.variant);
        add_name(all.disciplines, name.discipline);
        matrix_entry& entry = all.entries[{name.variant, name.discipline}];
        entry.scenarios.insert(name.scenario);
        for (const auto& [invariant, times] : cell.broken) entry.broken.insert(invariant);
        entry.broke_unexpectedly |= !cell.unexpected.empty();
        entry.did_not_break |= !cell.missing.empty();
        entry.verdicts.insert(cell.verdict);
        entry.operations += cell.operations;
    }
    return all;
}

std::string entry_text(const matrix_entry& entry) {
    if (entry.broke_unexpectedly) return "fails (!)";
    for (const char* verdict : {"crash", "stall", "killed"})
        if (entry.verdicts.contains(verdict)) return fmt::format("{} (!)", verdict);
    if (!entry.broken.empty()) return "fails (known)";
    if (entry.verdicts.contains("inconclusive")) return "inconclusive";
    return entry.did_not_break ? "holds (!)" : "holds";
}

std::map<std::string, world_total> worlds_of(const summary& night) {
    std::map<std::string, world_total> worlds;
    for (const std::string& world : night.worlds) worlds[world] = {};
    for (const cell_total& cell : night.cells) {
        world_total& world = worlds[cell.world];
        ++world.cells;
        world.as_expected += cell.as_expected ? 1 : 0;
        world.slices += cell.slices;
        world.operations += cell.operations;
        world.cpu_seconds += cell.cpu_seconds;
    }
    return worlds;
}

}  // namespace pidmap_stress::journal
