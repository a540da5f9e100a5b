#include "harness/journal/summary.hpp"

#include <algorithm>
#include <array>
#include <tuple>

#include <fmt/format.h>

#include "harness/base/duration.hpp"
#include "harness/base/shorter.hpp"
#include "harness/base/statistics.hpp"
#include "harness/journal/text/counted.hpp"

namespace pidmap_stress::journal {
namespace {

/// So many moments are enough for a drawing; more of them are averaged.
constexpr std::size_t most_moments = 240;
/// Below this, a growth of memory is noise of the heap.
constexpr std::uint64_t least_growth_kib = 1024;
/// Its default, quarantine_size_mb.
constexpr std::uint64_t asan_quarantine_kib = 256 * 1024;
/// Of other parts that went wrong, in a verdict.
constexpr std::uint64_t most_named = 3;
constexpr double growth_allowed = 1.02;
/// A canary is looked for between slices, so it is late now and then.
constexpr double canary_patience = 2;

/// \source FNV-1a, 64 bits, of which 48 are shown.
[[nodiscard]] std::string identity(const std::vector<std::string_view>& parts) {
    std::uint64_t hash = 14695981039346656037U;
    const auto mix = [&hash](unsigned char byte) { hash = (hash ^ byte) * 1099511628211U; };
    for (const std::string_view part : parts) {
        for (const char c : part) mix(static_cast<unsigned char>(c));
        mix(0);
    }
    return fmt::format("{:012x}", hash >> 16);
}

[[nodiscard]] std::string names(const std::vector<std::string>& list) {
    return fmt::format("{}", fmt::join(list, ", "));
}

[[nodiscard]] bool has(const std::vector<std::string>& list, std::string_view name) {
    return std::ranges::find(list, name) != list.end();
}

/// What its slices say of a cell, in the order of gravity that a verdict has.
void judge(cell_total& cell) {
    for (const std::string& mark : cell.plan.marks)
        if (!cell.marks.contains(mark)) cell.unhit_marks.push_back(mark);
    if (cell.undecided != 0)
        cell.unhit_marks.push_back(fmt::format("a verdict on {} histories", cell.undecided));
    const auto ended = [&cell](const char* how) { return cell.bad_ends.contains(how); };
    cell.verdict = !cell.broken.empty()                                ? "violated"
                   : ended("crashed")                                  ? "crash"
                   : ended("stalled")                                  ? "stall"
                   : ended("killed")                                   ? "killed"
                   : cell.operations == 0 || !cell.unhit_marks.empty() ? "inconclusive"
                                                                       : "holds";
    for (const auto& [invariant, times] : cell.broken)
        if (!has(cell.plan.permitted, invariant)) cell.unexpected.push_back(invariant);
    if (std::ranges::none_of(cell.plan.required, [&cell](const std::string& invariant) {
            return cell.broken.contains(invariant);
        }))
        cell.missing = cell.plan.required;
    cell.as_expected = (cell.verdict == "holds" || cell.verdict == "violated") &&
                       cell.unexpected.empty() && cell.missing.empty();
}

[[nodiscard]] std::uint64_t median(std::vector<std::uint64_t> values) {
    const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
    std::ranges::nth_element(values, middle);
    return *middle;
}

[[nodiscard]] memory_watch watch_memory(const journal_text& journal) {
    memory_watch watch{.folder = journal.folder};
    // Each process begins small: what counts is what one of them does while it works.
    std::vector<std::uint64_t> resident;
    for (const slice_record& slice : journal.slices)
        if (slice.resident_kib != 0) resident.push_back(slice.resident_kib);
    const std::size_t third = resident.size() / 3;
    if (third < 3) return watch;
    const auto part = static_cast<std::ptrdiff_t>(third);
    watch.first_third_kib = median({resident.begin(), resident.begin() + part});
    watch.last_third_kib = median({resident.end() - part, resident.end()});
    const std::uint64_t between = median({resident.begin() + part, resident.end() - part});
    // AddressSanitizer keeps what was freed, until that is its whole quarantine.
    const std::uint64_t least =
        least_growth_kib + (journal.campaign.world == "asan" ? asan_quarantine_kib : 0);
    const auto grows = [least](std::uint64_t from, std::uint64_t to) {
        return static_cast<double>(to) > static_cast<double>(from) * growth_allowed &&
               to > from + least;
    };
    // A leak goes on. What was needed once, and is kept, grows but once.
    watch.grows = grows(watch.first_third_kib, between) && grows(between, watch.last_third_kib);
    return watch;
}

[[nodiscard]] canary_state watch_canary(const journal_text& journal, double work_seconds) {
    const campaign_record& campaign = journal.campaign;
    canary_state state{.folder = journal.folder, .world = campaign.world};
    double found_at = 0;
    const canary_record* missed = nullptr;
    for (const canary_record& canary : journal.canaries) {
        state.last = canary;
        if (canary.found)
            found_at = canary.work_seconds;
        else
            missed = &canary;
    }
    state.seconds_since_found = work_seconds - found_at;
    const double limit = campaign.canary_every_seconds * canary_patience;
    const std::string where = fmt::format("{} ({})", campaign.world, journal.folder);
    // One that was missed is not made good by others: what else was missed meanwhile?
    if (missed != nullptr)
        state.why = fmt::format("{}: the planted bug {} was not found in {:.0f} s", where,
                                to_string(missed->name), missed->seconds);
    else if (journal.canaries.empty())
        state.why = fmt::format("{}: no planted bug was looked for in {:.0f} s of work", where,
                                work_seconds);
    else if (state.seconds_since_found > limit)
        state.why = fmt::format(
            "{}: the last planted bug was found {:.0f} s of work ago, and one "
            "was due every {:.0f} s",
            where, state.seconds_since_found, campaign.canary_every_seconds);
    state.dead = !state.why.empty();
    return state;
}

[[nodiscard]] std::uint64_t near_misses_of(const slice_record& slice) {
    std::uint64_t sum = 0;
    for (const auto& [name, times] : slice.near_misses) sum += times;
    return sum;
}

[[nodiscard]] series draw(const journal_text& journal) {
    series line{.folder = journal.folder, .world = journal.campaign.world};
    const std::size_t each = journal.slices.size() / most_moments + 1;
    for (std::size_t from = 0; from < journal.slices.size(); from += each) {
        const std::size_t until = std::min(from + each, journal.slices.size());
        moment at{.at = journal.slices[from].at};
        double operations = 0;
        double seconds = 0;
        for (std::size_t n = from; n < until; ++n) {
            const slice_record& slice = journal.slices[n];
            operations += static_cast<double>(slice.operations);
            seconds += slice.seconds;
            at.resident_kib = std::max(at.resident_kib, slice.resident_kib);
            at.trial_resident_kib = std::max(at.trial_resident_kib, slice.trial_resident_kib);
            at.near_misses += near_misses_of(slice);
        }
        at.operations_per_second = seconds > 0 ? operations / seconds : 0;
        line.moments.push_back(std::move(at));
    }
    return line;
}

void add_slice(cell_total& to, const slice_record& slice) {
    ++to.slices;
    to.seconds += slice.seconds;
    to.cpu_seconds += slice.cpu_seconds;
    to.operations += slice.operations;
    to.rounds += slice.rounds;
    to.undecided += slice.undecided;
    to.marks.insert(slice.marks.begin(), slice.marks.end());
    for (const auto& [invariant, times] : slice.broken) to.broken[invariant] += times;
    for (const auto& [name, times] : slice.near_misses) to.near_misses[name] += times;
    to.clear_to_put_ns = shorter(to.clear_to_put_ns, slice.clear_to_put_ns);
    if (slice.end != "completed") ++to.bad_ends[slice.end];
}

}  // namespace

struct summarizer::state {
    using cell_key = std::pair<std::string, cell_name>;

    summary sum;
    std::map<cell_key, cell_total> cells;
    std::map<std::string, finding_group> groups;
    /// Of each campaign, by what its shards have in common: which of them are there.
    std::map<std::string, std::pair<unsigned, std::set<unsigned>>> shards;
    std::set<std::string> folders;
    /// Of the journal that is being added: the group of each family that a program explains.
    std::map<std::string, std::string> explained_groups;
    bool cut_short = false;
    bool out_of_resources = false;
    bool part_missing = false;

    void add_finding(const journal_text& journal, const slice_record& slice,
                     const attempt_record& by, std::string_view kind, std::string_view invariant,
                     std::string_view sentence, const explained_finding* explained);
    void add_findings(const journal_text& journal, const slice_record& slice,
                      const attempt_record& by);
    void note_end(const journal_text& journal);
};

void summarizer::state::add_finding(const journal_text& journal, const slice_record& slice,
                                    const attempt_record& by, std::string_view kind,
                                    std::string_view invariant, std::string_view sentence,
                                    const explained_finding* explained) {
    const planned_cell& cell = journal.campaign.cells[slice.cell];
    const bool shown = explained != nullptr && !explained->program.empty();
    const std::string family = identity({kind, invariant, cell.name.variant, cell.name.discipline});
    std::string id = identity({family, shown ? explained->program : cell.name.scenario});
    // A soak has the first of a family explained, and takes the later ones for the same.
    if (shown)
        explained_groups[family] = id;
    else if (const auto known = explained_groups.find(family); known != explained_groups.end())
        id = known->second;
    finding_group& group = groups[id];
    const bool is_first = group.sightings.empty();
    group.id = id;
    group.family = family;
    group.kind = kind;
    group.invariant = invariant;
    group.expected = is_first ? kind == "violation" && has(cell.permitted, invariant)
                              : group.expected && has(cell.permitted, invariant);
    const auto times = slice.broken.find(std::string(invariant));
    group.count += times == slice.broken.end() ? 1 : times->second;
    if (is_first || slice.at < group.first_seen) group.first_seen = slice.at;
    if (slice.at > group.last_seen) group.last_seen = slice.at;
    if (slice.again) {
        group.again.runs += slice.again->runs;
        group.again.with_findings += slice.again->with_findings;
    }
    if (!group.explained && explained != nullptr) group.explained = *explained;
    if (group.last_events.empty()) group.last_events = slice.last_events;
    if (group.stacks.empty()) group.stacks = slice.stacks;
    group.sightings.push_back({.folder = journal.folder,
                               .world = journal.campaign.world,
                               .cell = cell.name,
                               .slice = slice.number,
                               .at = slice.at,
                               .sentence = std::string(sentence),
                               .command = slice.command,
                               .host = by.host,
                               .compiler = by.compiler,
                               .commit = by.commit});
}

void summarizer::state::add_findings(const journal_text& journal, const slice_record& slice,
                                     const attempt_record& by) {
    std::set<std::string_view> told;
    for (const found& one : slice.findings) {
        if (!told.insert(one.invariant).second) continue;
        // Of several that broke one invariant, the one that was explained says most.
        const auto best = std::ranges::find_if(slice.findings, [&one](const found& other) {
            return other.invariant == one.invariant && other.explained &&
                   !other.explained->program.empty();
        });
        const found& shown = best == slice.findings.end() ? one : *best;
        add_finding(journal, slice, by, "violation", one.invariant, one.sentence,
                    shown.explained ? &*shown.explained : nullptr);
    }
    if (slice.end == "completed") return;
    const std::string_view kind = slice.end == "crashed"   ? "crash"
                                  : slice.end == "stalled" ? "stall"
                                                           : "killed";
    add_finding(journal, slice, by, kind, "", slice.ending, nullptr);
}

void summarizer::state::note_end(const journal_text& journal) {
    const shard& part = journal.campaign.part;
    const std::string where = part.count == 1
                                  ? fmt::format("{} ({})", journal.campaign.world, journal.folder)
                                  : fmt::format("{}, shard {} of {} ({})", journal.campaign.world,
                                                part.index + 1, part.count, journal.folder);
    if (!journal.left_out.empty()) sum.remarks.push_back(journal.left_out);
    for (const attempt_record& attempt : journal.attempts)
        if (!attempt.resumed.empty()) sum.remarks.push_back(attempt.resumed);
    if (!journal.ends.empty() && journal.ends.back().reason == "done") return;
    cut_short = true;
    sum.missing.push_back(
        {fmt::format("{}: cut short after {}{}", where, counted(journal.slices.size(), "slice"),
                     journal.ends.empty() || journal.ends.back().reason == "asked to end"
                         ? ""
                         : ": " + journal.ends.back().reason)});
}

summarizer::summarizer() : state_(std::make_unique<state>()) {}
summarizer::~summarizer() = default;

void summarizer::add(const journal_text& journal) {
    state& s = *state_;
    // The same folder twice is the same work, and counts once.
    if (!s.folders.insert(journal.folder).second) return;
    const campaign_record& campaign = journal.campaign;
    s.sum.worlds.insert(campaign.world);
    auto& shards = s.shards[fmt::format("{}, seed {}", campaign.world, campaign.seed)];
    shards.first = std::max(shards.first, campaign.part.count);
    shards.second.insert(campaign.part.index);
    for (const planned_cell& planned : campaign.cells) {
        cell_total& total = s.cells[{campaign.world, planned.name}];
        total.world = campaign.world;
        total.plan = planned;
    }
    s.explained_groups.clear();
    double work = 0;
    for (const slice_record& slice : journal.slices) {
        add_slice(s.cells[{campaign.world, campaign.cells[slice.cell].name}], slice);
        work += slice.seconds;
        s.out_of_resources |= slice.out_of_resources;
        // Which attempt it was is told by the times.
        const attempt_record* by = nullptr;
        for (const attempt_record& attempt : journal.attempts)
            if (by == nullptr || attempt.at <= slice.at) by = &attempt;
        s.add_findings(journal, slice, by == nullptr ? attempt_record{} : *by);
        if (s.sum.began.empty() || slice.at < s.sum.began) s.sum.began = slice.at;
        if (slice.at > s.sum.ended) s.sum.ended = slice.at;
        s.sum.slices += 1;
        s.sum.seconds += slice.seconds;
        s.sum.cpu_seconds += slice.cpu_seconds;
        s.sum.operations += slice.operations;
    }
    for (const end_record& end : journal.ends) s.sum.ended = std::max(s.sum.ended, end.at);
    s.sum.attempts.insert(s.sum.attempts.end(), journal.attempts.begin(), journal.attempts.end());
    s.sum.canaries.push_back(watch_canary(journal, work));
    s.sum.memory.push_back(watch_memory(journal));
    s.sum.over_time.push_back(draw(journal));
    s.note_end(journal);
}

namespace {

/// What decides the exit code, and its first words.
struct outcome {
    int code;
    std::string words;
};

[[nodiscard]] outcome decide(const summary& sum, bool cut_short, bool out_of_resources,
                             bool shards_missing) {
    std::vector<std::string> what;
    const auto count = [&sum](const auto& holds) {
        return static_cast<std::uint64_t>(std::ranges::count_if(sum.cells, holds));
    };
    const auto ended = [&count](std::string_view how) {
        return count([how](const cell_total& cell) { return cell.verdict == how; });
    };
    const std::uint64_t violated =
        count([](const cell_total& cell) { return !cell.unexpected.empty(); });
    const std::uint64_t not_run = count([](const cell_total& cell) { return cell.slices == 0; });
    const std::uint64_t blind =
        count([](const cell_total& cell) { return cell.slices != 0 && !cell.missing.empty(); });
    const std::uint64_t dead =
        static_cast<std::uint64_t>(std::ranges::count(sum.canaries, true, &canary_state::dead));
    const std::uint64_t growing =
        static_cast<std::uint64_t>(std::ranges::count(sum.memory, true, &memory_watch::grows));
    const auto say = [&what](std::uint64_t n, std::string_view one, std::string_view rest) {
        if (n != 0) what.push_back(fmt::format("{} {}", counted(n, one), rest));
    };
    say(violated, "cell", "broke what should hold");
    say(ended("crash"), "cell", "crashed");
    say(ended("stall"), "cell", "stalled");
    say(ended("killed"), "cell", "killed from outside");
    say(growing, "soak", "grew in memory");
    say(dead, "planted bug", "not found");
    say(blind, "cell", "did not show a known breakage");
    say(ended("inconclusive") - not_run, "cell", "inconclusive");
    say(not_run, "cell", "not run");
    if (out_of_resources) what.emplace_back("memory or processes ran out");
    if (cut_short) what.emplace_back("not all of it was run");
    if (shards_missing) what.emplace_back("a shard is missing or cut short");
    const auto other = [&sum](std::initializer_list<int> codes) {
        return std::ranges::any_of(sum.others, [&codes](const other_part& one) {
            return std::ranges::find(codes, one.code) != codes.end();
        });
    };
    if (const auto bad = std::ranges::count_if(sum.others, &other_part::code);
        static_cast<std::uint64_t>(bad) > most_named)
        say(static_cast<std::uint64_t>(bad), "other part", "not as it should be");
    else
        for (const other_part& one : sum.others)
            if (one.code != 0) what.push_back(fmt::format("{} ended with {}", one.name, one.code));
    const int code = violated != 0 || growing != 0 || other({2})              ? 2
                     : ended("crash") != 0 || other({5})                      ? 5
                     : ended("stall") != 0 || other({6})                      ? 6
                     : ended("killed") != 0 || out_of_resources || other({3}) ? 3
                     : cut_short || other({85})                               ? 85
                     : dead + blind + ended("inconclusive") != 0 || shards_missing ||
                             std::ranges::any_of(sum.others, &other_part::code)
                         ? 7
                         : 0;
    return {code, names(what)};
}

}  // namespace

void summarizer::add(const other_part& part) {
    state_->sum.others.push_back(part);
}
void summarizer::add(const missing_part& part) {
    state_->sum.missing.push_back(part);
    state_->part_missing = true;
}

summary summarizer::finish() && {
    state& s = *state_;
    summary sum = std::move(s.sum);
    std::uint64_t holds = 0;
    std::uint64_t known = 0;
    for (auto& [key, cell] : s.cells) {
        // Shards divide the slices: the cell of one that had none is another shard's.
        judge(cell);
        if (cell.verdict == "holds") {
            ++holds;
            sum.clean_cpu_seconds += cell.cpu_seconds;
            sum.clean_operations += cell.operations;
        } else if (cell.as_expected) {
            ++known;
        }
        sum.cells.push_back(std::move(cell));
    }
    for (auto& [id, group] : s.groups) {
        // After a breakage that is known, a process may end in any way: then the cell is as
        // expected, and so is this.
        if (group.kind != "violation")
            group.expected = std::ranges::all_of(group.sightings, [&sum](const sighting& one) {
                return std::ranges::any_of(sum.cells, [&one](const cell_total& cell) {
                    return cell.as_expected && cell.world == one.world &&
                           cell.plan.name == one.cell;
                });
            });
        std::ranges::sort(group.sightings, {}, [](const sighting& one) {
            return std::tie(one.at, one.folder, one.slice);
        });
        sum.findings.push_back(std::move(group));
    }
    std::ranges::sort(sum.findings, {}, [](const finding_group& one) {
        const cell_name& cell = one.sightings.front().cell;
        return std::tie(one.expected, cell.variant, cell.discipline, one.invariant, one.id);
    });
    bool shards_missing = s.part_missing;
    for (const auto& [campaign, shards] : s.shards)
        for (unsigned n = 0; n < shards.first; ++n)
            if (!shards.second.contains(n)) {
                shards_missing = true;
                sum.missing.push_back(
                    {fmt::format("{}: shard {} of {} is missing", campaign, n + 1, shards.first)});
            }
    const auto by_folder = [](const auto& one) { return std::tie(one.folder); };
    std::ranges::sort(sum.canaries, {}, by_folder);
    std::ranges::sort(sum.memory, {}, by_folder);
    std::ranges::sort(sum.over_time, {}, by_folder);
    std::ranges::sort(sum.missing, {}, &missing_part::what);
    std::ranges::sort(sum.remarks);
    std::ranges::sort(sum.attempts, {},
                      [](const attempt_record& one) { return std::tie(one.at, one.host); });
    std::ranges::sort(sum.others, {}, &other_part::name);
    if (sum.slices == 0 && sum.others.empty()) {
        sum.exit_code = 7;
        sum.verdict = "nothing was run, so nothing was shown";
        return sum;
    }
    const outcome all = decide(sum, s.cut_short, s.out_of_resources, shards_missing);
    sum.exit_code = all.code;
    std::vector<std::string> did;
    if (sum.slices != 0)
        did.push_back(fmt::format("{} {}, {} {} as known, in {:.3g} CPU hours and {} operations",
                                  counted(holds, "cell"), holds == 1 ? "holds" : "hold", known,
                                  known == 1 ? "breaks" : "break", sum.cpu_seconds / 3600,
                                  to_human(static_cast<double>(sum.operations))));
    if (!sum.others.empty())
        did.push_back(fmt::format(
            "{} of {} as it should be", std::ranges::count(sum.others, 0, &other_part::code),
            counted(sum.others.size(), sum.slices == 0 ? "part" : "other part")));
    const std::string all_of_it = names(did);
    sum.verdict = all.words.empty() ? "as expected: " + all_of_it
                                    : fmt::format("not as expected: {}; {}", all.words, all_of_it);
    return sum;
}

summary summarize(const std::vector<journal_text>& journals) {
    summarizer all;
    for (const journal_text& journal : journals) all.add(journal);
    return std::move(all).finish();
}

double excluded_rate(double exposure) noexcept {
    return exposure > 0 ? statistics::rate_excluded(exposure) : 0;
}

interval interval_of(const reproduction& seen) noexcept {
    if (seen.runs == 0) return {};
    const auto within = statistics::proportion(seen.with_findings, seen.runs);
    return {.low = within.low, .high = within.high};
}

}  // namespace pidmap_stress::journal
