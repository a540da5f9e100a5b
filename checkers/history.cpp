#include "checkers/history.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <tuple>
#include <utility>

namespace pidmap_stress {

std::vector<tenancy> tenancies_of(std::span<const operation> history, ticks skew) {
    std::map<std::pair<namespace_key, pid_nr>, std::vector<operation>> frees;
    for (const operation& one : history)
        if (one.kind == operation_kind::free) frees[{one.where, one.pid}].push_back(one);
    for (auto& [pid, calls] : frees) std::ranges::sort(calls, {}, &operation::called);

    std::vector<tenancy> tenancies;
    for (const operation& one : history) {
        if (one.kind != operation_kind::alloc || !one.succeeded()) continue;
        tenancy held{.alloc = one, .free = {.kind = operation_kind::free, .called = never}};
        if (const auto calls = frees.find({one.where, one.pid}); calls != frees.end()) {
            const auto first = std::ranges::lower_bound(
                calls->second, one.returned, {},
                [skew](const operation& free) { return later(free.called, skew); });
            if (first != calls->second.end()) held.free = *first;
        }
        held.from = later(one.returned, skew);
        held.until = earlier(held.free.called, skew);
        if (held.from < held.until) tenancies.push_back(held);
    }
    std::ranges::sort(tenancies, {}, [](const tenancy& t) {
        return std::tuple{t.alloc.where, t.alloc.pid, t.from};
    });
    return tenancies;
}

std::vector<std::vector<operation>> split_by_namespace(std::span<const operation> history) {
    std::map<namespace_key, std::vector<operation>> parts;
    for (const operation& one : history) parts[one.where].push_back(one);
    std::vector<std::vector<operation>> split;
    for (auto& [where, part] : parts) {
        std::ranges::sort(part, {}, &operation::called);
        split.push_back(std::move(part));
    }
    return split;
}

std::string_view to_string(operation_kind kind) noexcept {
    switch (kind) {
        case operation_kind::alloc:
            return "alloc";
        case operation_kind::free:
            return "free";
        case operation_kind::get:
            return "get";
        case operation_kind::put:
            return "put";
        case operation_kind::disable:
            return "disable";
    }
    return "?";
}

std::string to_string(const operation& what) {
    std::string line = fmt::format("worker {}: {}", what.worker, to_string(what.kind));
    if (what.kind == operation_kind::free) line += fmt::format("({})", what.pid);
    if (what.error)
        line += fmt::format(" -> {}", to_string(*what.error));
    else if (what.kind == operation_kind::alloc && what.pid != 0)
        line += fmt::format(" -> {}", what.pid);
    if (what.where != namespace_key{})
        line += fmt::format(" in namespace {}.{}", what.where.id, what.where.generation);
    return line + (what.pending() ? fmt::format(" [{}, pending]", what.called)
                                  : fmt::format(" [{}, {}]", what.called, what.returned));
}

}  // namespace pidmap_stress
