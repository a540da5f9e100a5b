#pragma once

#include <boost/container/static_vector.hpp>

#include <algorithm>
#include <array>
#include <cstdint>
#include <vector>

#include "harness/programs/interpreter/judge.hpp"
#include "harness/programs/script/script.hpp"

/// What the interpreter of a script remembers.
namespace pidmap_stress::explore {

/// The part of a script that does not change, looked up once for all executions.
struct plan {
    script of;
    std::vector<script_namespace> spaces = namespaces_of(of);
    bool is_plain = explore::is_plain(of);
    bool finds_in_table = of.how == discipline::lookup;
    unsigned threads = static_cast<unsigned>(of.threads.size());
    unsigned home = 0;  ///< The last namespace of the set-up.
    /// By namespace: a thread closes it, and no thread is the creator.
    std::array<bool, most_script_namespaces> closes{};
    /// By thread, by call: the number of the namespace that it creates.
    std::vector<std::vector<unsigned>> created;
    /// By namespace: the calls that may take a pid there.
    std::array<unsigned, most_script_namespaces> takes{};

    explicit plan(const script& s) : of(s) {
        using enum script_call::kind;
        unsigned next = 1;
        for (const script_call& call : of.before) next += call.what == create ? 1 : 0;
        home = next - 1;
        const bool has_creator = std::ranges::any_of(of.threads, &script_thread::is_creator);
        for (const script_thread& one : of.threads) {
            std::vector<unsigned>& numbers = created.emplace_back();
            for (const script_call& call : one.does) {
                numbers.push_back(call.what == create ? next++ : 0);
                if (call.what == close) closes[call.in] = call.in != 0 || !has_creator;
                if (call.what == alloc || call.what == make)
                    for (unsigned at = call.in;; at = spaces[at].parent) {
                        ++takes[at];
                        if (at == 0) break;
                    }
            }
        }
    }
    /// Whether the set-up leaves its creator's reference on a namespace to the thread that closes
    /// it. A thread that creates one has that reference itself.
    [[nodiscard]] bool leaves_to_closer(unsigned in) const noexcept {
        return closes[in] && spaces[in].maker == 0;
    }
    /// Whether `in` is `above`, or below it.
    [[nodiscard]] bool is_within(unsigned in, unsigned above) const noexcept {
        while (in != above && in != 0) in = spaces[in].parent;
        return in == above;
    }
};

/// Written into the cell of a pid that was freed by a thread that knew the namespace was closed.
inline constexpr unsigned nobody_any_more = ~0U;

/// What an execution knows of one namespace.
struct space_book {
    explored_namespace ns;
    bool beyond_reserved = false;  ///< The set-up led the hint beyond these.
    bool has_begun = false;        ///< A thread got a pid.
    bool creator_stays = false;    ///< Until it is closed.
    unsigned releases = 0;
    reuse_book reuse;
    boost::container::static_vector<tenant_slot, most_explored_pids> tenants;

    [[nodiscard]] plain<unsigned>& tenant_of(pid_nr nr) noexcept {
        return tenants[static_cast<unsigned>(nr)];
    }
};

/// A pid that a thread has, at each level.
struct own_pid {
    std::uint8_t in = 0;
    bool has_object = false;
    std::array<std::uint8_t, most_script_levels> numbers{};

    [[nodiscard]] pid_nr at(unsigned level) const noexcept { return numbers[level]; }
};

/// What a thread has, oldest first. What it no longer has leaves no trace: states are compared as
/// they are in memory.
///
/// \tparam Spaces  The most namespaces.
template <unsigned Spaces>
struct thread_book {
    static constexpr unsigned most_objects = 8;

    std::array<own_pid, most_explored_pids> own{};
    unsigned count = 0;
    unsigned failures_left = 0;
    std::array<std::uint16_t, Spaces> references{};
    std::array<bool, Spaces> knows_closed{};
    std::array<pid_object_handle*, most_objects> objects{};
    unsigned object_count = 0;

    void add(const own_pid& one) noexcept { own[count++] = one; }
    own_pid take(unsigned which) noexcept {
        const own_pid one = own[which];
        for (unsigned i = which + 1; i < count; ++i) own[i - 1] = own[i];
        own[--count] = {};
        return one;
    }
    pid_object_handle* take_object() noexcept {
        pid_object_handle* const oldest = objects[0];
        for (unsigned i = 1; i < object_count; ++i) objects[i - 1] = objects[i];
        objects[--object_count] = nullptr;
        return oldest;
    }
};

}  // namespace pidmap_stress::explore
