#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "allocator/contract.hpp"

/// The one language of small programs: what each thread calls, and from which state. Explored
/// scenarios are scripts, and so are clients, the results of shrinking, and the programs made from
/// the last calls of a native run.
namespace pidmap_stress::explore {

struct script_call {
    enum class kind : std::uint8_t {
        alloc,        ///< A pid; in a nested namespace, a number at every level.
        free,         ///< The pid `which` of its own, oldest first.
        get,          ///< A counted reference on the namespace.
        put,          ///< Drops one of these.
        create,       ///< A namespace below `in`, and with it the creator's reference on it.
        close,        ///< Disables allocation. The first to do so puts the creator's reference.
        abandon,      ///< Undoes the creation of `in`: its pid, and the creator's reference.
        make,         ///< An object, and with it a pid.
        find_own,     ///< Looks up the number of its own pid `which`: a reference on its object.
        find,         ///< Looks up the number `which`: a reference on the object that has it.
        get_object,   ///< One more reference on the object of its own pid `which`.
        put_object,   ///< The oldest reference that it has on an object.
        set_pid_max,  ///< To `which`.
    };
    static constexpr int kinds = static_cast<int>(kind::set_pid_max) + 1;

    kind what = kind::alloc;
    unsigned which = 0;
    /// The namespace: 0 is the first one. Those that the script creates are numbered in the order
    /// of the calls in its text: the set-up's first, then thread by thread.
    unsigned in = 0;

    friend bool operator==(const script_call&, const script_call&) = default;
};
[[nodiscard]] bool has_number(
    script_call::kind what) noexcept;  ///< Whether `which` means anything.

/// A pid by its number in a namespace.
struct script_pid {
    pid_nr nr = 0;
    unsigned in = 0;

    friend bool operator==(const script_pid&, const script_pid&) = default;
    friend auto operator<=>(const script_pid&, const script_pid&) = default;
};

struct script_thread {
    std::vector<script_pid> holds{};  ///< At the start.
    bool is_creator = false;          ///< It has the creator's reference on namespace 0.
    unsigned failures = 0;            ///< How often it may find no memory, at any of its attempts.
    std::vector<script_call> does{};

    friend bool operator==(const script_thread&, const script_thread&) = default;
};

/// What each thread calls, and from which state.
///
/// The set-up allocates pids 1 to `last` one after another, and frees those that no thread is to
/// hold; then it makes the calls in `before`. Whatever it then has that no thread is to hold stays
/// in use. It puts the creators' references, except those of a thread that is the creator, or of a
/// namespace that is to be closed. Under `reference`, each thread has a reference of its own, on
/// the last namespace of the set-up. What is left over in the end is given back after the audit.
///
/// A call that is not allowed at that moment is left out, so that no script misuses the allocator:
/// under `member`, a thread needs a pid or a reference to call; under `reference`, a reference;
/// under `lookup`, it finds the namespace in a table, in a read-side section.
struct script {
    discipline how = discipline::member;
    unsigned pages = 2;
    unsigned bits = 2;    ///< Pids of a page.
    pid_nr reserved = 1;  ///< Where a search starts after a wrap.
    pid_nr pid_max = 4;   ///< First pid that is never handed out.
    pid_nr last = 2;
    std::vector<script_call> before{};
    std::vector<script_thread> threads{};

    [[nodiscard]] std::size_t calls() const noexcept {
        std::size_t sum = 0;
        for (const script_thread& one : threads) sum += one.does.size();
        return sum;
    }
    [[nodiscard]] pid_nr highest_pid_max() const noexcept {
        return static_cast<pid_nr>(pages * bits);
    }
    friend bool operator==(const script&, const script&) = default;
};
inline constexpr unsigned most_script_threads = 4;
inline constexpr std::size_t most_script_calls = 24;   ///< Of one thread.
inline constexpr std::size_t most_set_up_calls = 400;  ///< In `before`.
inline constexpr unsigned most_script_namespaces = 20;
inline constexpr unsigned most_script_levels = 3;

/// A namespace that a script has.
struct script_namespace {
    unsigned parent = 0;  ///< 0 also for namespace 0, which has no parent.
    unsigned level = 0;
    unsigned maker = 0;  ///< The thread that makes it, from 1; 0: the set-up.
};
/// By number. \pre Each call of `create` names one that exists by then.
[[nodiscard]] std::vector<script_namespace> namespaces_of(const script& s);

/// Whether it needs a variant with namespaces that nest, close, and have objects.
[[nodiscard]] bool needs_nesting(const script& s) noexcept;
/// Whether it is about one namespace that stays as it is, and its pids: then reference_covers_pages
/// and the order of calls are judged too.
[[nodiscard]] bool is_plain(const script& s) noexcept;

/// What is wrong with a script, in one line; nothing if it can be explored.
[[nodiscard]] std::optional<std::string> why_not(const script& s);

/// "member/calls/2x4/max8/last4/4=af0+=a": two pages of 4 pids; thread 1 holds pid 4, allocates a
/// pid and frees its oldest one; thread 2 holds nothing and allocates. The folder's README has the
/// grammar.
[[nodiscard]] std::string to_string(const script& s);
/// The inverse. \return nothing if the text is not a script, or names what cannot be explored.
[[nodiscard]] std::optional<script> parse_script(std::string_view text);

/// The setting in words, a sentence for the state and one for each thread.
[[nodiscard]] std::string describe(const script& s);

}  // namespace pidmap_stress::explore
