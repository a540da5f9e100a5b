#include "harness/programs/trace/trace.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <utility>

#include "harness/programs/interpreter/judge.hpp"
#include "harness/programs/trace/source_lines.hpp"

namespace pidmap_stress::explore {
namespace {

[[nodiscard]] std::string_view name_of(std::memory_order order) noexcept {
    constexpr std::array<std::string_view, 6> names{"relaxed", "consume", "acquire",
                                                    "release", "acq_rel", "seq_cst"};
    return names[static_cast<std::size_t>(order)];
}

[[nodiscard]] std::string_view name_of(rmw_op op) noexcept {
    constexpr std::array<std::string_view, rmw_ops> names{
        "",    "exchange", "cas", "add", "sub", "and", "or",  "xor",
        "max", "min",      "max", "min", "add", "sub", "max", "min"};
    return names[static_cast<std::size_t>(op)];
}

/// A value as its cell means it: counts are signed, addresses are no news.
[[nodiscard]] std::string value_of(const step& s, std::uint64_t value) {
    switch (s.role) {
        case cell_role::refcount:
        case cell_role::nr_free:
        case cell_role::last_pid:
        case cell_role::pid_max:
            return fmt::format("{}", static_cast<std::int32_t>(value));
        case cell_role::bitmap:
            return fmt::format("{:#x}", value);
        case cell_role::page:
        case cell_role::object:
            return value == 0 ? "none" : "there";
        case cell_role::data:
            break;
    }
    if (s.cell == "table") return value == 0 ? "empty" : "the namespace";
    // Data cells are small numbers, or a pointer.
    return value > 0xffff ? "pointer" : fmt::format("{}", value);
}

/// The set-up makes it before all else.
[[nodiscard]] bool is_the_namespace(const step& s) noexcept {
    return s.location == 0 && s.read == 0;
}

/// A cell of the tester's own: who has a pid.
[[nodiscard]] bool is_tenancy(const step& s) noexcept {
    return s.cell == tenant_slot::name;
}
[[nodiscard]] std::string tenant_of(std::uint64_t value) {
    return value == 0 ? std::string("no tenant") : fmt::format("tenant {}", value);
}

[[nodiscard]] std::string text_of(const step& s) {
    const std::string stale = s.missed  ? fmt::format(", stale: step {} is newer", *s.missed)
                              : s.stale ? ", stale"
                                        : "";
    switch (s.kind) {
        case step_kind::load:
            return fmt::format("{} is {} ({}{})", s.cell, value_of(s, s.read), name_of(s.order),
                               stale);
        case step_kind::store:
            return fmt::format("{} := {} ({})", s.cell, value_of(s, s.written), name_of(s.order));
        case step_kind::update:
            return fmt::format("{} {} -> {} ({}, {}{})", s.cell, value_of(s, s.read),
                               value_of(s, s.written), name_of(s.op), name_of(s.order), stale);
        case step_kind::failed_update:
            return fmt::format("{} is {}, cas fails ({}{})", s.cell, value_of(s, s.read),
                               name_of(s.order), stale);
        case step_kind::fence:
            return fmt::format("fence ({})", name_of(s.order));
        case step_kind::choice:
            return fmt::format("choice {}", s.read);
        case step_kind::plain_read:
            return is_tenancy(s) ? fmt::format("{}: {}", s.cell, tenant_of(s.read))
                                 : fmt::format("{} is {} (plain)", s.cell, value_of(s, s.read));
        case step_kind::plain_write:
            return is_tenancy(s) ? fmt::format("{} := {}", s.cell, tenant_of(s.written))
                                 : fmt::format("{} := {} (plain)", s.cell, value_of(s, s.written));
        case step_kind::create:
            return "memory for a page is allocated";
        case step_kind::destroy:
            return "memory of a page is released";
        case step_kind::retire:
            return is_the_namespace(s) ? "THE NAMESPACE IS RELEASED"
                                       : "memory of a page is released";
        case step_kind::enter_section:
            return "read-side section begins";
        case step_kind::leave_section:
            return "read-side section ends";
    }
    return "?";
}

/// As the comments of pid_namespace.hpp number the accesses.
[[nodiscard]] std::string_view edge_of(const step& s) noexcept {
    const bool read = s.kind == step_kind::load || s.kind == step_kind::failed_update;
    switch (s.role) {
        case cell_role::bitmap:
            return s.op == rmw_op::bit_or ? "A1" : s.op == rmw_op::bit_and ? "F1" : "";
        case cell_role::nr_free:
            return read ? "" : s.op == rmw_op::add ? "C2" : "C1";
        case cell_role::refcount:
            return s.op == rmw_op::sub   ? "R3"
                   : s.op == rmw_op::cas ? "R2"
                   : s.op == rmw_op::add ? "R1"
                                         : "";
        case cell_role::page:
            return s.kind == step_kind::load ? "I2" : "I1";
        case cell_role::object:
            return s.kind == step_kind::store ? "T1" : s.op == rmw_op::cas ? "T4" : "";
        case cell_role::data:
        case cell_role::last_pid:
        case cell_role::pid_max:
            break;
    }
    return "";
}

/// Where a finding stands among the steps: none is before the first one, steps.size() after all.
struct row_place {
    bool before_all = false;
    std::size_t row = 0;
};

/// A race or a use after release is noticed on the way to the step that it is, anything else when
/// the step is done.
[[nodiscard]] row_place row_of(const finding& f, const std::vector<step>& steps) {
    const bool about_to = f.kind == finding_kind::data_race ||
                          f.kind == finding_kind::use_after_free ||
                          f.kind == finding_kind::double_free;
    const std::size_t at = std::min<std::size_t>(f.at_step, steps.size());
    if (f.thread == 0) {
        // Where nobody did a step: all may be done, or nothing begun.
        const bool before = !steps.empty() || f.kind == finding_kind::progress;
        return {.before_all = at == 0 && before, .row = steps.size()};
    }
    if (about_to && at < steps.size() && steps[at].thread == f.thread) return {.row = at};
    for (std::size_t i = at; i-- > 0;)
        if (steps[i].thread == f.thread) return {.row = i};
    return {.before_all = true};
}

/// How far a reader must read to see what is to be shown, if that breaks at all.
[[nodiscard]] std::size_t end_of_interest(const replay_result& run, std::optional<defect> shows) {
    std::size_t end = 0;
    bool any = false;
    for (const finding& f : run.findings) {
        if (shows && broken_by(f) != shows) continue;
        const row_place at = row_of(f, run.steps);
        std::size_t behind = at.before_all ? 0 : std::min(at.row + 1, run.steps.size());
        for (const party& one : f.parties)
            if (one.step) behind = std::max<std::size_t>(behind, *one.step + 1);
        behind = std::min(behind, run.steps.size());
        // The first time is the one to see; without a name, all are.
        end = !any ? behind : shows ? std::min(end, behind) : std::max(end, behind);
        any = true;
    }
    return any ? end : run.steps.size();
}

/// Which steps bear on what is broken, or on another thread: changes of counts and of bitmaps, what
/// one thread reads of another, releases, all sides of a race or of a use after a release, and what
/// a stale read saw and missed. The walk to a page, and the tester's own books, do not.
[[nodiscard]] std::vector<bool> matters(const replay_result& run, std::size_t end) {
    std::vector<bool> result(run.steps.size(), false);
    std::vector<bool> broken(run.steps.size(), false);
    for (const finding& f : run.findings) {
        const row_place at = row_of(f, run.steps);
        for (const party& one : f.parties)
            if (one.step && *one.step < run.steps.size()) broken[*one.step] = true;
        if (!at.before_all && at.row < run.steps.size()) broken[at.row] = true;
    }
    for (std::size_t i = 0; i < run.steps.size() && i < end; ++i) {
        const step& s = run.steps[i];
        const bool counts = s.role == cell_role::refcount || s.role == cell_role::nr_free ||
                            s.role == cell_role::bitmap;
        const bool changes = s.kind == step_kind::update || s.kind == step_kind::store;
        const bool of_another = s.read_from && run.steps[*s.read_from].thread != s.thread;
        result[i] = broken[i] || (s.kind == step_kind::retire && is_the_namespace(s)) ||
                    s.kind == step_kind::choice || s.kind == step_kind::fence ||
                    (counts && changes) || of_another || s.stale;
    }
    for (std::size_t i = 0; i < run.steps.size() && i < end; ++i) {
        if (!result[i] || !run.steps[i].stale) continue;
        for (const std::optional<unsigned>& of : {run.steps[i].read_from, run.steps[i].missed})
            if (of && *of < end) result[*of] = true;
    }
    return result;
}

[[nodiscard]] std::string text_of(const finding& f) {
    const auto which = broken_by(f);
    const std::string_view name = which ? to_string(*which) : to_string(f.kind);
    return f.what == name ? std::string(name) : fmt::format("{}: {}", name, sentence_of(f));
}

}  // namespace

namespace {

/// "the namespace", which the set-up makes before all else; or what the cell is called.
[[nodiscard]] std::string name_of(const party& one) {
    if (one.what == "memory 0.0") return "the namespace";
    return one.what.starts_with("memory ") ? "memory" : one.what;
}

/// "thread 1 uses the namespace at step 7, in its alloc (pid_namespace.hpp:120)".
[[nodiscard]] std::string sentence_of(const party& one) {
    std::string text = one.thread == 0 ? "the set-up" : fmt::format("thread {}", one.thread);
    text += fmt::format(" {} {}", one.does, name_of(one));
    if (one.step) text += fmt::format(" at step {}", *one.step);
    if (!one.call.empty()) text += fmt::format(", in its {}", call_of(one.call));
    if (const std::string place = source_line(one.site); !place.empty())
        text += fmt::format(" ({})", place);
    return text;
}

}  // namespace

std::string sentence_of(const finding& f) {
    std::string text = f.parties.empty() ? f.what : "";
    std::vector<party> sides = f.parties;  // In the order of their steps, as they are read.
    std::ranges::sort(sides, {}, [](const party& one) { return std::pair(one.step, one.thread); });
    for (const party& one : sides) text += (text.empty() ? "" : "; ") + sentence_of(one);
    switch (f.kind) {
        case finding_kind::data_race:
            return f.parties.empty() ? text : text + "; nothing orders them";
        case finding_kind::use_after_free:
            return f.parties.empty() ? text : text + "; nothing orders the use before the release";
        case finding_kind::deadlock:
        case finding_kind::progress:
            return f.parties.empty() ? text : fmt::format("{}: {}", f.what, text);
        default:
            break;
    }
    const std::string place = source_line(f.site);
    return place.empty() ? text : fmt::format("{}, at {}", text, place);
}

std::string call_of(std::string_view label) {
    constexpr std::string_view free = "free ";
    if (label == "free pid") return "free of a pid with an object";
    if (label.starts_with(free)) return fmt::format("free of pid {}", label.substr(free.size()));
    return std::string(label.empty() ? "call" : label);
}

std::string deed(invariant which) {
    const std::string_view told = info_of(which).deed;
    return told.empty() ? fmt::format("breaks {}", to_string(which)) : std::string(told);
}

namespace {

[[nodiscard]] std::string headline_of(const replayable& of, const replay_result& run) {
    const std::string who = fmt::format("{} under {}", of.variant->name, to_string(of.how));
    const finding* told = nullptr;
    for (const finding& f : run.findings)
        if (told == nullptr || (broken_by(*told) != of.shows && broken_by(f) == of.shows))
            told = &f;
    if (told == nullptr) return who + ": nothing breaks.";
    const auto which = broken_by(*told);
    const std::string name{which ? to_string(*which) : to_string(told->kind)};
    const row_place at = row_of(*told, run.steps);
    if (at.before_all || at.row >= run.steps.size())
        return fmt::format("{}: {}, {} ({}).", who,
                           at.before_all ? "before any thread's step" : "when all is done",
                           told->what == name ? "the invariant is broken" : sentence_of(*told),
                           name);
    if (!told->parties.empty()) return fmt::format("{}: {} ({}).", who, sentence_of(*told), name);
    const step& s = run.steps[at.row];
    if (which && which->is_crash())
        return fmt::format("{}: after step {}, in its {}, thread {} crashes: {} ({}).", who,
                           s.number, call_of(told->call), s.thread, sentence_of(*told), name);
    const bool tells_more = which && info_of(*which->broken()).deed.empty() && told->what != name;
    if (tells_more)
        return fmt::format("{}: at step {}, in the {} of thread {}: {} ({}).", who, s.number,
                           call_of(s.label), s.thread, told->what, name);
    return fmt::format("{}: at step {}, in its {}, thread {} {} ({}).", who, s.number,
                       call_of(s.label), s.thread, which ? deed(*which->broken()) : told->what,
                       name);
}

/// Gives the cells names that have none, as far as it is plain which ones they are: there is one
/// namespace, and a thread goes to a bitmap by way of its page.
class cell_names {
public:
    [[nodiscard]] step named(step s) {
        if (s.role == cell_role::page && s.index) last_page_[s.thread] = *s.index;
        if (s.named) return s;
        if (s.role == cell_role::bitmap && last_page_.contains(s.thread))
            s.cell = fmt::format("bitmap of page {}", last_page_[s.thread]);
        else if (s.role == cell_role::refcount)
            s.cell = "refcount";
        else if (s.role == cell_role::last_pid)
            s.cell = "last_pid";
        return s;
    }

private:
    std::map<unsigned, unsigned> last_page_;
};

/// The cells that a reader follows, as they stand after each step.
class followed_cells {
public:
    explicit followed_cells(const std::vector<step>& steps) {
        // What a cell held before its first step is what that step read.
        for (const step& s : steps)
            if (is_followed(s) && s.kind != step_kind::store)
                cells_.try_emplace(
                    {s.role, s.location},
                    followed_value{s.cell, s.index, static_cast<std::int32_t>(s.read)});
    }
    void after(const step& s) {
        if (is_followed(s) && (s.kind == step_kind::update || s.kind == step_kind::store))
            cells_[{s.role, s.location}] = {s.cell, s.index, static_cast<std::int32_t>(s.written)};
    }
    [[nodiscard]] std::vector<followed_value> of(cell_role role) const {
        std::vector<followed_value> all;
        for (const auto& [which, value] : cells_)
            if (which.first == role) all.push_back(value);
        return all;
    }

private:
    [[nodiscard]] static bool is_followed(const step& s) {
        return s.role == cell_role::refcount || s.role == cell_role::nr_free;
    }
    std::map<std::pair<cell_role, location_id>, followed_value> cells_;
};

}  // namespace

std::size_t trace::shown() const noexcept {
    return static_cast<std::size_t>(std::ranges::count(rows, true, &trace_row::matters));
}

bool trace::breaks_anything() const noexcept {
    return !broken_at_first.empty() || !broken_at_last.empty() ||
           std::ranges::any_of(rows, [](const trace_row& row) { return !row.broken.empty(); });
}

std::size_t count_shown(const replay_result& run, std::optional<defect> shows) {
    const std::vector<bool> all = matters(run, end_of_interest(run, shows));
    return static_cast<std::size_t>(std::ranges::count(all, true));
}

trace make_trace(const replayable& of, const replay_result& run, std::string_view program) {
    trace seen{.headline = headline_of(of, run),
               .name = of.name,
               .in_words = of.in_words,
               .command = fmt::format("{} replay {}", program, of.token),
               .threads = of.runs->threads(),
               .exact = run.exact,
               .departed_at = run.departed_at};
    const std::size_t end = end_of_interest(run, of.shows);
    const std::vector<bool> wanted = matters(run, end);
    followed_cells cells(run.steps);
    cell_names names;
    for (std::size_t i = 0; i < run.steps.size(); ++i) {
        const step s = names.named(run.steps[i]);
        cells.after(s);
        seen.rows.push_back({.what = s,
                             .text = text_of(s),
                             .edge = std::string(edge_of(s)),
                             .place = source_line(s.site),
                             .refcounts = cells.of(cell_role::refcount),
                             .nr_free = cells.of(cell_role::nr_free),
                             .matters = wanted[i]});
    }
    seen.later = run.steps.size() - end;
    for (const finding& f : run.findings) {
        const row_place at = row_of(f, run.steps);
        // What else is wrong in the end comes of what is to be seen.
        const bool in_the_end = !at.before_all && at.row >= run.steps.size();
        if (in_the_end && of.shows && broken_by(f) != of.shows) continue;
        (at.before_all                ? seen.broken_at_first
         : at.row >= run.steps.size() ? seen.broken_at_last
                                      : seen.rows[at.row].broken)
            .push_back(text_of(f));
    }
    return seen;
}

std::optional<trace_format> parse_trace_format(std::string_view name) noexcept {
    using enum trace_format;
    if (name == "table") return table;
    if (name == "text") return text;
    if (name == "mermaid") return mermaid;
    if (name == "perfetto") return perfetto;
    return std::nullopt;
}

std::string format(const trace& seen, trace_format as, bool full) {
    switch (as) {
        case trace_format::table:
            return to_table(seen, full);
        case trace_format::text:
            return to_text(seen, full);
        case trace_format::mermaid:
            return to_mermaid(seen, full);
        case trace_format::perfetto:
            break;
    }
    return to_perfetto(seen, full);
}

}  // namespace pidmap_stress::explore
