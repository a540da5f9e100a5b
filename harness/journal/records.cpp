#include "harness/journal/records.hpp"

#include <array>
#include <stdexcept>
#include <string_view>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

// What the library knows of a type has its names. A member that a line does not have keeps its
// default, so later versions may add some, and a line has only what differs from the default.
namespace nlohmann {
template <class T>
struct adl_serializer<std::optional<T>> {
    static void to_json(json& to, const std::optional<T>& from) {
        if (from)
            to = *from;
        else
            to = nullptr;
    }
    static void from_json(const json& from, std::optional<T>& to) {
        if (from.is_null())
            to.reset();
        else
            to = from.get<T>();
    }
};
}  // namespace nlohmann

namespace pidmap_stress {
// In the namespace of the type, or it would not be found.
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(shard, index, count)
}  // namespace pidmap_stress

namespace pidmap_stress::journal {

NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(cell_name, variant, discipline, scenario)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(planned_cell, name, marks, permitted, required)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(campaign_record, seed, world, configuration, part,
                                                cells, canary_every_seconds)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(attempt_record, at, host, processors, version,
                                                commit, modified, compiler, sanitizer, command,
                                                duration_seconds, resumed)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(interleaving_step, thread, call, what, edge, place,
                                                reads_from, broken)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(explained_finding, token, headline, program, table,
                                                steps, threads, executions, test_file)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(found, invariant, sentence, explained)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(reproduction, runs, with_findings)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(slice_record, cell, number, key, at, seconds,
                                                turn_seconds, spent_seconds, cpu_seconds,
                                                operations, rounds, trials, end, ending, cut_short,
                                                out_of_resources, marks, broken, findings,
                                                last_events, stacks, near_misses, clear_to_put_ns,
                                                again, command, resident_kib, trial_resident_kib,
                                                undecided)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(canary_record, at, name, found, seconds, invariant,
                                                work_seconds)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(end_record, at, reason)

namespace {

/// By their place in `record`.
constexpr std::array<std::string_view, std::variant_size_v<record>> type_names{
    "campaign", "attempt", "slice", "canary", "end"};

template <std::size_t Place = 0>
[[nodiscard]] record read_as(std::string_view type, const nlohmann::json& line) {
    if constexpr (Place < type_names.size()) {
        if (type == type_names[Place]) return line.get<std::variant_alternative_t<Place, record>>();
        return read_as<Place + 1>(type, line);
    } else {
        throw std::runtime_error(fmt::format("'{}' is not a type of record; known are {}", type,
                                             fmt::join(type_names, ", ")));
    }
}

}  // namespace

std::string to_string(const cell_name& name) {
    return fmt::format("{} under {} in {}", name.variant, name.discipline, name.scenario);
}

std::string to_line(const record& what) {
    nlohmann::json line;
    std::visit(
        [&line](const auto& one) {
            const nlohmann::json usual = std::decay_t<decltype(one)>{};
            const nlohmann::json all = one;
            for (const auto& [name, value] : all.items())
                if (value != usual.at(name)) line[name] = value;
        },
        what);
    line["type"] = type_names[what.index()];
    if (std::holds_alternative<campaign_record>(what)) line["schema"] = schema_version;
    // What a program under test printed need not be UTF-8.
    return line.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

record from_line(const std::string& text) {
    const nlohmann::json line = nlohmann::json::parse(text, nullptr, false);
    if (line.is_discarded() || !line.is_object())
        throw std::runtime_error("a line is not a JSON object");
    const auto type = line.find("type");
    if (type == line.end() || !type->is_string())
        throw std::runtime_error("a line has no member 'type'");
    try {
        if (*type == type_names[0]) {
            const auto schema = line.find("schema");
            if (schema == line.end() || !schema->is_number_integer() || *schema != schema_version)
                throw std::runtime_error(
                    fmt::format("the journal has schema {}; this version reads schema {}",
                                schema == line.end() ? "none" : schema->dump(), schema_version));
        }
        return read_as(type->get<std::string_view>(), line);
    } catch (const nlohmann::json::exception& error) {
        throw std::runtime_error(fmt::format("a record of type {} is damaged: {}",
                                             type->get<std::string>(), error.what()));
    }
}

}  // namespace pidmap_stress::journal
