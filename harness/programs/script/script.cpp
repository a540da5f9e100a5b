#include "harness/programs/script/script.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>
#include <span>

namespace pidmap_stress::explore {
namespace {

using enum script_call::kind;

constexpr unsigned most_pages = 3;
constexpr unsigned most_which = 63;

/// Whether `in` is a namespace that a caller can know: one of the set-up, or of its own.
[[nodiscard]] bool is_known(const std::vector<script_namespace>& made, std::size_t so_far,
                            unsigned in, unsigned caller) {
    return in < so_far && (made[in].maker == 0 || made[in].maker == caller);
}

/// What is wrong with the calls of thread `caller`, or of the set-up, which is 0.
class call_rules {
public:
    explicit call_rules(const script& s) : script_(s) {}

    [[nodiscard]] std::optional<std::string> judge(std::span<const script_call> calls,
                                                   unsigned caller) {
        for (const script_call& call : calls)
            if (auto wrong = judge(call, caller)) return wrong;
        return std::nullopt;
    }
    [[nodiscard]] const std::vector<script_namespace>& made() const noexcept { return made_; }

private:
    [[nodiscard]] std::optional<std::string> judge(const script_call& call, unsigned caller) {
        const std::string who = caller == 0 ? "the set-up" : fmt::format("thread {}", caller);
        if (!is_known(made_, made_.size(), call.in, caller))
            return fmt::format("{} calls namespace {}, which it cannot know", who, call.in);
        if (call.which > most_which)
            return fmt::format("{} names {}; {} is the most", who, call.which, most_which);
        switch (call.what) {
            case create:
                if (made_[call.in].level + 1 >= most_script_levels)
                    return fmt::format("{} creates a namespace at level {}; {} is the most", who,
                                       made_[call.in].level + 1, most_script_levels - 1);
                if (made_.size() == most_script_namespaces)
                    return fmt::format("there are more than {} namespaces", most_script_namespaces);
                made_.push_back(
                    {.parent = call.in, .level = made_[call.in].level + 1, .maker = caller});
                break;
            case set_pid_max:
                if (static_cast<pid_nr>(call.which) <= script_.reserved ||
                    static_cast<pid_nr>(call.which) > script_.highest_pid_max())
                    return fmt::format("pid_max {} is out of range; it must be {} to {}",
                                       call.which, script_.reserved + 1, script_.highest_pid_max());
                break;
            case make:
            case find:
            case find_own:
                if (call.in != 0) return fmt::format("{} wants an object of a child", who);
                break;
            case abandon:
                if (made_[call.in].maker != caller || made_[call.in].level != 1 || caller == 0)
                    return fmt::format("{} abandons a namespace that is not a child of its own",
                                       who);
                break;
            case close:
            case put:
            case get_object:
            case put_object:
                if (caller == 0) return "the set-up only allocates, frees, creates and gets";
                break;
            case alloc:
            case free:
            case get:
                break;
        }
        return std::nullopt;
    }

    const script& script_;
    std::vector<script_namespace> made_ = std::vector<script_namespace>(1);
};

/// The set-up of a correct variant: each search continues behind the last pid.
class right_set_up {
public:
    explicit right_set_up(const script& s) : script_(s), pid_max_(s.pid_max) {
        for (pid_nr nr = 1; nr <= s.last; ++nr) allocate(0, false);
        std::set<pid_nr> kept;
        for (const script_thread& one : s.threads)
            for (const script_pid& pid : one.holds)
                if (pid.in == 0) kept.insert(pid.nr);
        std::erase_if(own_, [&](const own_pid& one) {
            const bool goes = !kept.contains(one.numbers[0]);
            if (goes) give_back(one);
            return goes;
        });
        for (const script_call& call : s.before) perform(call);
    }
    [[nodiscard]] bool has(script_pid wanted) const {
        return std::ranges::any_of(own_, [&](const own_pid& one) {
            return one.in == wanted.in && one.numbers[spaces_[one.in].level] == wanted.nr;
        });
    }

private:
    struct space {
        unsigned parent = 0;
        unsigned level = 0;
        pid_nr hint = 0;
        std::set<pid_nr> used{};
    };
    struct own_pid {
        unsigned in = 0;
        std::array<pid_nr, most_script_levels> numbers{};
    };

    void perform(const script_call& call) {
        if (call.what == create)
            spaces_.push_back({.parent = call.in, .level = spaces_[call.in].level + 1});
        if (call.what == set_pid_max) pid_max_ = static_cast<pid_nr>(call.which);
        if (call.what == alloc || call.what == make) allocate(call.in, true);
        if (call.what == free && call.which < own_.size()) {
            give_back(own_[call.which]);
            own_.erase(own_.begin() + static_cast<std::ptrdiff_t>(call.which));
        }
    }
    void allocate(unsigned in, bool wraps) {
        own_pid one{.in = in};
        for (unsigned at = in;; at = spaces_[at].parent) {
            const pid_nr nr = next(spaces_[at], wraps);
            if (nr == 0) {
                give_back(one);
                return;
            }
            one.numbers[spaces_[at].level] = nr;
            spaces_[at].hint = nr;
            spaces_[at].used.insert(nr);
            if (at == 0) break;
        }
        own_.push_back(one);
    }
    void give_back(const own_pid& one) {
        for (unsigned at = one.in;; at = spaces_[at].parent) {
            spaces_[at].used.erase(one.numbers[spaces_[at].level]);
            if (at == 0) return;
        }
    }
    [[nodiscard]] pid_nr next(const space& in, bool wraps) const {
        for (pid_nr nr = in.hint + 1; nr < pid_max_; ++nr)
            if (!in.used.contains(nr)) return nr;
        for (pid_nr nr = script_.reserved; wraps && nr < pid_max_; ++nr)
            if (!in.used.contains(nr)) return nr;
        return 0;
    }

    const script& script_;
    pid_nr pid_max_;
    std::vector<space> spaces_ = std::vector<space>(1);
    std::vector<own_pid> own_;
};

[[nodiscard]] std::optional<std::string> why_not_that_size(const script& s) {
    if (s.pages < 2 || s.pages > most_pages || (s.bits != 2 && s.bits != 4 && s.bits != 8) ||
        (s.bits == 2 && s.pages != 2))
        return fmt::format(
            "{} pages of {} pids are not built; there are 2 or 3 of 4 and 8, and 2 "
            "of 2",
            s.pages, s.bits);
    if (s.reserved != 1 && (s.reserved != 3 || s.bits == 2))
        return fmt::format(
            "a search that begins at {} after a wrap is not built; there are 1, and "
            "3 on pages of 4 and 8 pids",
            s.reserved);
    if (s.pid_max <= s.reserved || s.pid_max > s.highest_pid_max())
        return fmt::format("pid_max {} is out of range; it must be {} to {}", s.pid_max,
                           s.reserved + 1, s.highest_pid_max());
    if (s.last < 0 || s.last >= s.pid_max)
        return fmt::format("last {} is out of range; it must be 0 to {}", s.last, s.pid_max - 1);
    if (s.threads.empty() || s.threads.size() > most_script_threads)
        return fmt::format("{} threads are out of range; there are 1 to {}", s.threads.size(),
                           most_script_threads);
    if (s.before.size() > most_set_up_calls)
        return fmt::format("the set-up makes {} calls; {} are the most", s.before.size(),
                           most_set_up_calls);
    for (unsigned t = 0; t < s.threads.size(); ++t)
        if (s.threads[t].does.size() > most_script_calls)
            return fmt::format("thread {} makes {} calls; {} are the most", t + 1,
                               s.threads[t].does.size(), most_script_calls);
    return std::nullopt;
}

[[nodiscard]] std::optional<std::string> why_not_held(const script& s,
                                                      const std::vector<script_namespace>& made) {
    const right_set_up start(s);
    std::set<script_pid> held;
    for (const script_thread& one : s.threads)
        for (const script_pid& pid : one.holds) {
            const std::string in = pid.in == 0 ? "" : fmt::format(" of namespace {}", pid.in);
            if (pid.in >= made.size() || made[pid.in].maker != 0 || !start.has(pid))
                return fmt::format("pid {}{} is held, and the set-up has no such pid", pid.nr, in);
            if (!held.insert(pid).second) return fmt::format("pid {}{} is held twice", pid.nr, in);
        }
    return std::nullopt;
}

// --- In words
// -------------------------------------------------------------------------------------

[[nodiscard]] std::string ordinal(unsigned which) {
    return which == 0 ? "oldest pid" : fmt::format("pid number {}", which + 1);
}

[[nodiscard]] std::string in_words(const script_call& call, unsigned& made) {
    const std::string in = call.in == 0 ? "" : fmt::format(" in namespace {}", call.in);
    const std::string on = call.in == 0 ? "" : fmt::format(" on namespace {}", call.in);
    switch (call.what) {
        case alloc:
            return "allocates" + in;
        case free:
            return "frees its " + ordinal(call.which);
        case get:
            return "takes a reference" + on;
        case put:
            return "puts a reference" + on;
        case create:
            return fmt::format("creates namespace {}{}", made++,
                               call.in == 0 ? "" : fmt::format(" below {}", call.in));
        case close:
            return call.in == 0 ? "closes it" : fmt::format("closes namespace {}", call.in);
        case abandon:
            return fmt::format("abandons namespace {}", call.in);
        case make:
            return "makes an object";
        case find_own:
            return fmt::format("looks up the number of its {}", ordinal(call.which));
        case find:
            return fmt::format("looks up number {}", call.which);
        case get_object:
            return fmt::format("takes a reference on the object of its {}", ordinal(call.which));
        case put_object:
            return "puts a reference on an object";
        case set_pid_max:
            return fmt::format("sets pid_max to {}", call.which);
    }
    return "?";
}

/// "a", "a and b", "a, b and c".
[[nodiscard]] std::string enumerated(const std::vector<std::string>& items) {
    std::string text;
    for (std::size_t i = 0; i < items.size(); ++i)
        text += fmt::format("{}{}", i == 0 ? "" : i + 1 == items.size() ? " and " : ", ", items[i]);
    return text;
}

[[nodiscard]] std::string pids_in_words(const std::vector<script_pid>& pids) {
    std::vector<std::string> all;
    for (const script_pid& one : pids)
        all.push_back(one.in == 0 ? fmt::format("{}", one.nr)
                                  : fmt::format("{} in namespace {}", one.nr, one.in));
    return (pids.size() == 1 ? "pid " : "pids ") + enumerated(all);
}

[[nodiscard]] std::string set_up_in_words(const script& s, unsigned& made) {
    std::vector<std::string> all;
    for (std::size_t i = 0; i < s.before.size();) {
        std::size_t same = i;
        while (same < s.before.size() && s.before[same] == s.before[i] &&
               s.before[i].what != create)
            ++same;
        const std::size_t times = std::max<std::size_t>(same - i, 1);
        all.push_back(in_words(s.before[i], made) +
                      (times == 1 ? "" : fmt::format(" {} times", times)));
        i += times;
    }
    return all.empty() ? "" : " Then the set-up " + enumerated(all) + ".";
}

}  // namespace

bool has_number(script_call::kind what) noexcept {
    return what == free || what == find_own || what == find || what == get_object ||
           what == set_pid_max;
}

std::vector<script_namespace> namespaces_of(const script& s) {
    std::vector<script_namespace> made(1);
    const auto add = [&made](const std::vector<script_call>& calls, unsigned maker) {
        for (const script_call& call : calls)
            if (call.what == create)
                made.push_back(
                    {.parent = call.in, .level = made[call.in].level + 1, .maker = maker});
    };
    add(s.before, 0);
    for (unsigned t = 0; t < s.threads.size(); ++t) add(s.threads[t].does, t + 1);
    return made;
}

bool needs_nesting(const script& s) noexcept {
    const auto nests = [](const script_call& call) {
        return call.what != alloc && call.what != free && call.what != get && call.what != put &&
               call.what != set_pid_max;
    };
    return std::ranges::any_of(s.before, nests) ||
           std::ranges::any_of(s.threads, [&](const script_thread& one) {
               return std::ranges::any_of(one.does, nests);
           });
}

bool is_plain(const script& s) noexcept {
    return !needs_nesting(s) && std::ranges::none_of(s.threads, [](const script_thread& one) {
        return one.failures != 0 || std::ranges::any_of(one.does, [](const script_call& call) {
                   return call.what == set_pid_max;
               });
    });
}

std::optional<std::string> why_not(const script& s) {
    if (auto wrong = why_not_that_size(s)) return wrong;
    if (std::ranges::count(s.threads, true, &script_thread::is_creator) > 1)
        return "two threads are the creator; at most one is";
    if (s.how == discipline::lookup && needs_nesting(s))
        return "under lookup there are no children, no objects, and no closing";
    call_rules rules(s);
    if (auto wrong = rules.judge(s.before, 0)) return wrong;
    for (unsigned t = 0; t < s.threads.size(); ++t)
        if (auto wrong = rules.judge(s.threads[t].does, t + 1)) return wrong;
    return why_not_held(s, rules.made());
}

std::string describe(const script& s) {
    std::string text = fmt::format(
        "{} pages of {} pids, pid_max {}; {}.", s.pages, s.bits, s.pid_max,
        s.last == 0   ? std::string("the namespace is new")
        : s.last == 1 ? std::string("pid 1 was handed out, and freed again if nobody holds it")
                      : fmt::format("pids 1 to {} were handed out, and those that nobody holds "
                                    "freed again",
                                    s.last));
    unsigned made = 1;
    text += set_up_in_words(s, made);
    for (unsigned t = 0; t < s.threads.size(); ++t) {
        const script_thread& one = s.threads[t];
        text += fmt::format(" Thread {}", t + 1);
        if (!one.holds.empty()) text += fmt::format(", which holds {},", pids_in_words(one.holds));
        if (one.is_creator) text += " has the creator's reference, and";
        if (s.how == discipline::reference) text += " has a reference of its own, and";
        if (one.failures != 0)
            text += fmt::format(" may find no memory{}, and",
                                one.failures == 1 ? "" : fmt::format(" {} times", one.failures));
        std::vector<std::string> calls;
        for (const script_call& call : one.does) calls.push_back(in_words(call, made));
        text += one.does.empty() ? " does nothing." : " " + enumerated(calls) + ".";
    }
    return text;
}

}  // namespace pidmap_stress::explore
