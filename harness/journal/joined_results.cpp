#include "harness/journal/joined_results.hpp"

#include <algorithm>
#include <compare>
#include <cstdint>
#include <stdexcept>
#include <tuple>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "harness/journal/text/counted.hpp"

namespace pidmap_stress::journal {
namespace {

using nlohmann::json;
using parts_of_work = std::map<unsigned, json>;

constexpr const char* of_clients = "explore --clients";
constexpr const char* of_cells = "explore";
constexpr const char* of_mutants = "mutants";

[[nodiscard]] std::string command_of(const json& part) {
    return part.at("command").get<std::string>();
}
[[nodiscard]] unsigned count_of(const json& part) {
    return part.at("shard").at("count").get<unsigned>();
}
[[nodiscard]] bool is_complete(const json& part) {
    return part.value("complete", true) && part.value("exit_code", 0) != 85;
}

/// What parts of one work have in common.
[[nodiscard]] std::string work_of(const json& part) {
    json configuration = part.value("configuration", json::object());
    // How many do the work, and for how long, changes no result.
    for (const char* const name : {"jobs", "duration_seconds", "strict", "shrink"})
        configuration.erase(name);
    const std::string command = command_of(part);
    const std::string subject =
        command == of_clients ? fmt::format(" {}", configuration.value("clients", std::string()))
                              : std::string();
    return fmt::format("{}{}, build {}, {}, of {}", command, subject,
                       part.value("build", json::object()).value("tokens", std::string("unknown")),
                       configuration.dump(), count_of(part));
}

// --- Rows of explore ----------------------------------------------------------------------------

/// What parts showed of one variant under one discipline.
struct row {
    std::vector<const json*> cells{};
    std::uint64_t executions = 0;
    std::uint64_t states = 0;
    bool as_expected = true;
    bool crashed = false;
    bool violated = false;
    bool holds = true;

    void add(const json& cell) {
        cells.push_back(&cell);
        executions += cell.at("executions").get<std::uint64_t>();
        states += cell.at("states").get<std::uint64_t>();
        as_expected &= cell.at("as_expected").get<bool>();
        const std::string verdict = cell.at("verdict").get<std::string>();
        crashed |= verdict == "crash";
        violated |= verdict == "violated";
        holds &= verdict == "holds";
    }
};

struct finding {
    std::vector<std::uint64_t> client;  ///< Calls, threads and number; empty: of a scenario.
    std::string name;
    std::string command;  ///< That shows it.

    /// Whether they are of clients of as many calls and threads.
    [[nodiscard]] bool is_beside(const finding& other) const {
        const auto level = [](const std::vector<std::uint64_t>& of) {
            return of.size() < 2 ? std::pair<std::uint64_t, std::uint64_t>{}
                                 : std::pair(of[0], of[1]);
        };
        return level(client) == level(other.client);
    }
    friend auto operator<=>(const finding&, const finding&) = default;
};

/// The findings that one exploration without parts would have: one of each invariant, that of the
/// smallest client, in the order of the clients. That one would have ended with the first clients
/// that break something; what parts found later counts only if it was not expected.
[[nodiscard]] std::vector<finding> findings_of(const row& what) {
    std::vector<finding> all;
    std::vector<finding> unexpected;
    for (const json* const cell : what.cells)
        for (const json& one : cell->at("findings")) {
            const json& invariant = one.at("invariant");
            finding next{.client = one.value("client", std::vector<std::uint64_t>{}),
                         .name = invariant.is_string() ? invariant.get<std::string>()
                                                       : one.at("kind").get<std::string>(),
                         .command = one.at("reproduce").get<std::string>()};
            if (!cell->at("as_expected").get<bool>()) unexpected.push_back(next);
            all.push_back(std::move(next));
        }
    std::ranges::sort(all);
    std::vector<finding> found;
    for (const finding& one : all) {
        const bool known = std::ranges::find(found, one.name, &finding::name) != found.end();
        const bool counts =
            one.is_beside(all.front()) || std::ranges::find(unexpected, one) != unexpected.end();
        if (!known && counts) found.push_back(one);
    }
    return found;
}

struct level {
    std::uint64_t clients = 0;
    std::uint64_t explored = 0;
    std::uint64_t partly = 0;
};
/// By calls, threads, and whether they have children and objects, in the order in which they are
/// explored.
using levels = std::map<std::tuple<unsigned, unsigned, bool>, level>;

[[nodiscard]] levels levels_of(const row& what) {
    levels sum;
    for (const json* const cell : what.cells)
        for (const json& one : cell->at("levels")) {
            level& at = sum[{one.at("calls").get<unsigned>(), one.at("threads").get<unsigned>(),
                             one.value("family", std::string()) == "nested"}];
            at.clients += one.at("clients").get<std::uint64_t>();
            at.explored += one.at("explored").get<std::uint64_t>();
            at.partly += one.at("partly").get<std::uint64_t>();
        }
    return sum;
}

/// ", 2 calls on 1 thread" and so on, of what every part has explored in full.
[[nodiscard]] std::string proved(const levels& all, bool of_nested) {
    std::map<unsigned, unsigned> calls_on;
    std::map<unsigned, bool> ended;
    for (const auto& [at, one] : all) {
        const auto& [calls, threads, is_nested] = at;
        if (is_nested != of_nested) continue;
        if (one.explored != one.clients || one.partly != 0) ended[threads] = true;
        if (!ended[threads]) calls_on[threads] = calls;
    }
    std::vector<std::string> text;
    for (const auto& [threads, calls] : calls_on)
        text.push_back(fmt::format("{} on {}", counted(calls, "call"), counted(threads, "thread")));
    return fmt::format("{}", fmt::join(text, ", "));
}

[[nodiscard]] std::string extent_of(const row& what, std::size_t parts_of_it) {
    std::string text = counted(what.executions, "execution");
    if (what.states != 0) text += fmt::format(", {}", counted(what.states, "state"));
    if (parts_of_it != 1) text += fmt::format(", from {}", counted(parts_of_it, "part"));
    return text;
}

/// \param whole  Every part is there and came to its end.
[[nodiscard]] other_part to_entry(const std::string& name, const row& what, bool clients,
                                  std::size_t parts_of_it, bool whole) {
    other_part entry{.name = name};
    std::uint64_t explored = 0;
    const levels all = clients ? levels_of(what) : levels{};
    for (const auto& [at, one] : all) explored += one.explored;
    const std::string extent =
        (clients ? counted(explored, "client") + ", " : "") + extent_of(what, parts_of_it);
    const auto found = findings_of(what);
    if (!found.empty()) {
        std::vector<std::string> names;
        for (const finding& one : found) names.push_back(one.name);
        entry.sentence = fmt::format("fails{}: {}; {}; {}", what.as_expected ? " (known)" : " (!)",
                                     fmt::join(names, ", "), extent, found.front().command);
    } else if (!whole || !what.holds) {
        entry.sentence = fmt::format("unbroken as far as explored{}; {}",
                                     whole ? "" : ", as not every part is there", extent);
    } else if (clients) {
        const std::string nested = proved(all, true);
        entry.sentence =
            fmt::format("holds for every client of at most {}{}; {}", proved(all, false),
                        nested.empty() ? "" : ", and with children and objects " + nested, extent);
    } else {
        entry.sentence = fmt::format("holds in every execution; {}", extent);
    }
    const bool declared_to_break = std::ranges::any_of(what.cells, [](const json* cell) {
        return !cell->value("missing", json::array()).empty();
    });
    if (declared_to_break) entry.sentence += "; a breakage that is declared did not show";
    entry.code = !what.as_expected && what.violated ? 2
                 : what.crashed                     ? 5
                 : !what.as_expected                ? 7
                                                    : 0;
    return entry;
}

void add_rows(const parts_of_work& all, bool whole, std::vector<other_part>& into) {
    const json& any = all.begin()->second;
    const bool clients = command_of(any) == of_clients;
    std::map<std::string, row> rows;
    for (const auto& [index, part] : all)
        for (const json& cell : part.at("cells")) {
            std::string name = fmt::format("{} under {}", cell.at("variant").get<std::string>(),
                                           cell.at("discipline").get<std::string>());
            if (!clients) {
                name += fmt::format(" in {}", cell.at("scenario").get<std::string>());
                if (const std::string variation = cell.value("variation", std::string());
                    !variation.empty())
                    name += fmt::format(" ({})", variation);
            }
            rows[name].add(cell);
        }
    const json configuration = any.value("configuration", json::object());
    const std::string how =
        clients
            ? fmt::format("clients of {} calls", configuration.value("clients", std::string()))
            : fmt::format("{} x {} turns", counted(configuration.value("threads", 0U), "thread"),
                          configuration.value("turns", 0U));
    for (const auto& [name, what] : rows) {
        // A cell belongs to one part; a row of clients, to all of them.
        const std::size_t parts_of_it = clients ? what.cells.size() : 1;
        into.push_back(to_entry(fmt::format("explored: {}, {}, {}", name, how,
                                            configuration.value("model", std::string())),
                                what, clients, parts_of_it,
                                !clients || (whole && parts_of_it == all.size())));
    }
}

// --- Studies ------------------------------------------------------------------------------------

void add_study(const parts_of_work& all, std::vector<other_part>& into) {
    std::uint64_t killed = 0;
    std::uint64_t quiet = 0;
    std::vector<std::string> alarms;
    std::vector<std::string> survivors;
    for (const auto& [index, part] : all)
        for (const json& one : part.at("mutants")) {
            const std::string outcome = one.at("outcome").get<std::string>();
            const std::string name = one.at("name").get<std::string>();
            if (outcome == "killed")
                ++killed;
            else if (outcome == "quiet")
                ++quiet;
            else if (outcome == "false alarm")
                alarms.push_back(name);
            else
                survivors.push_back(fmt::format("{} {}", name, outcome));
        }
    other_part entry{.name = "mutants"};
    entry.sentence = fmt::format("{} of {} killed, {} false alarms of {}", killed,
                                 killed + survivors.size(), alarms.size(), quiet + alarms.size());
    if (all.size() != 1) entry.sentence += fmt::format(", from {}", counted(all.size(), "part"));
    if (!alarms.empty())
        entry.sentence += fmt::format("; false alarms: {}", fmt::join(alarms, ", "));
    if (!survivors.empty()) entry.sentence += fmt::format("; {}", fmt::join(survivors, ", "));
    entry.code = !alarms.empty() ? 2 : !survivors.empty() ? 7 : 0;
    into.push_back(std::move(entry));
}

[[nodiscard]] bool is_whole(const parts_of_work& all) {
    return all.size() == count_of(all.begin()->second) &&
           std::ranges::all_of(all, [](const auto& one) { return is_complete(one.second); });
}

/// What the more complete of two files of one part has more of.
[[nodiscard]] auto worth(const json& part) {
    return std::tuple(is_complete(part), part.value("cells", json::array()).size(), part.dump());
}

}  // namespace

void joined_results::add(const std::string& path, const std::string& text) {
    try {
        json part = json::parse(text);
        if (part.at("program") != "pidmap-stress") throw std::invalid_argument("another program");
        const std::string command = command_of(part);
        // Their members are looked at now, so that what is wrong is told with the file's name.
        std::vector<other_part> looked_at;
        const unsigned index = part.at("shard").at("index").get<unsigned>();
        if (index >= count_of(part)) throw std::invalid_argument("no part");
        const parts_of_work alone{{index, part}};
        if (command == of_mutants)
            add_study(alone, looked_at);
        else if (command == of_clients || command == of_cells)
            add_rows(alone, true, looked_at);
        else
            throw std::invalid_argument("another command");
        parts_of_work& all = works_[work_of(part)];
        if (const auto known = all.find(index);
            known == all.end() || worth(known->second) < worth(part))
            all[index] = std::move(part);
    } catch (const std::exception&) {
        throw std::runtime_error(fmt::format(
            "{} is neither a folder nor a file that explore --json or mutants --json wrote", path));
    }
}

std::vector<other_part> joined_results::explored() const {
    std::vector<other_part> all;
    for (const auto& [work, one] : works_) {
        if (command_of(one.begin()->second) == of_mutants)
            add_study(one, all);
        else
            add_rows(one, is_whole(one), all);
    }
    return all;
}

std::vector<missing_part> joined_results::missing() const {
    std::vector<missing_part> all;
    for (const auto& [work, one] : works_) {
        const unsigned count = count_of(one.begin()->second);
        const std::string command = command_of(one.begin()->second);
        for (unsigned n = 0; n < count; ++n) {
            const auto part = one.find(n);
            if (part == one.end())
                all.push_back(
                    {fmt::format("{}: shard {} of {} is missing", command, n + 1, count)});
            else if (!is_complete(part->second))
                all.push_back(
                    {fmt::format("{}, shard {} of {}: cut short", command, n + 1, count)});
        }
    }
    return all;
}

}  // namespace pidmap_stress::journal
