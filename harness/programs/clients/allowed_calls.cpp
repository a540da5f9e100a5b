#include "harness/programs/clients/allowed_calls.hpp"

#include <algorithm>

namespace pidmap_stress::explore {
namespace {

using enum script_call::kind;

/// What a thread may have at a point in its calls, at most: as if all of them succeeded. Fewer pids
/// allow no more, except to abandon a namespace.
class outlook {
public:
    outlook(const script& s, client_start from, std::size_t thread)
        : how_(s.how), spaces_(namespaces_of(s)), references_(most_script_namespaces) {
        const script_thread& one = s.threads[thread];
        next_ = first_own(thread);
        const bool have_objects = from == client_start::objects;
        for (const script_pid& pid : one.holds)
            pids_.push_back({.in = pid.in, .has_object = have_objects});
        if (one.is_creator) ++references_[0];
        // Of the set-up's last namespace: see `script`.
        if (how_ == discipline::reference)
            ++references_[static_cast<std::size_t>(
                std::ranges::count(spaces_, 0U, &script_namespace::maker) - 1)];
        for (const script_call& call : one.does) after(call);
    }

    [[nodiscard]] std::size_t pids() const noexcept { return pids_.size(); }
    /// Namespaces that it can name: those of the set-up, and its own so far.
    [[nodiscard]] std::vector<unsigned> known(std::size_t thread) const {
        std::vector<unsigned> all;
        for (unsigned in = 0; in < spaces_.size(); ++in)
            if (spaces_[in].maker == 0 || (spaces_[in].maker == thread + 1 && in < next_))
                all.push_back(in);
        return all;
    }
    [[nodiscard]] bool allows(const script_call& call) const {
        const bool of_own = call.what == free || call.what == find_own || call.what == get_object;
        if (of_own && call.which >= pids_.size()) return false;
        const unsigned in = of_own ? pids_[call.which].in : call.in;
        if ((call.what == find_own || call.what == get_object) && !pids_[call.which].has_object)
            return false;
        if (call.what == put_object) return objects_ != 0;
        if (call.what == put && references_[in] == 0) return false;
        if (call.what == abandon && !can_abandon(in)) return false;
        if (call.what == create && spaces_[in].level + 1 >= most_script_levels) return false;
        switch (how_) {
            case discipline::member:
                return holds_in(in) || refers_to(in);
            case discipline::reference:
                return refers_to(in) || (call.what == free && spaces_[in].maker != 0);
            case discipline::lookup:
                return call.what != get || !pids_.empty();
        }
        return false;
    }

private:
    struct held_pid {
        unsigned in = 0;
        bool has_object = false;
    };

    /// The number of the first namespace that the thread itself makes.
    [[nodiscard]] unsigned first_own(std::size_t thread) const {
        unsigned in = 0;
        while (in < spaces_.size() && spaces_[in].maker <= thread) ++in;
        return in;
    }
    void after(const script_call& call) {
        switch (call.what) {
            case alloc:
            case make:
                return pids_.push_back({.in = call.in, .has_object = call.what == make});
            case free:
                pids_.erase(pids_.begin() + call.which);
                return;
            case get:
                ++references_[call.in];
                return;
            case put:
                --references_[call.in];
                return;
            case create:
                ++references_[next_++];
                return;
            case abandon:
                // Left out if an allocation too many has succeeded: then it still has everything.
                if (pids_within(call.in) != 1 || pids_.back().in != call.in) return;
                pids_.pop_back();
                references_[call.in] = 0;
                return;
            case find:
            case find_own:
            case get_object:
                ++objects_;
                return;
            case put_object:
                --objects_;
                return;
            case close:
                // Of its own namespace: the creator's reference. See the interpreter.
                if (spaces_[call.in].maker != 0 && !closed_[call.in] && references_[call.in] != 0)
                    --references_[call.in];
                closed_[call.in] = true;
                return;
            case set_pid_max:
                return;
        }
    }
    [[nodiscard]] bool is_within(unsigned in, unsigned above) const {
        while (in != above && in != 0) in = spaces_[in].parent;
        return in == above;
    }
    [[nodiscard]] bool holds_in(unsigned above) const {
        return std::ranges::any_of(pids_,
                                   [&](const held_pid& one) { return is_within(one.in, above); });
    }
    [[nodiscard]] bool refers_to(unsigned above) const {
        for (unsigned in = 0; in < references_.size(); ++in)
            if (references_[in] != 0 && is_within(in, above)) return true;
        return false;
    }
    [[nodiscard]] unsigned pids_within(unsigned above) const {
        return static_cast<unsigned>(std::ranges::count_if(
            pids_, [&](const held_pid& one) { return is_within(one.in, above); }));
    }
    /// The thread has the creator's reference, and may have one pid there, as its newest: some of
    /// the allocations may have failed.
    [[nodiscard]] bool can_abandon(unsigned in) const {
        return spaces_[in].maker != 0 && spaces_[in].level == 1 && references_[in] == 1 &&
               std::ranges::any_of(pids_, [&](const held_pid& one) { return one.in == in; });
    }

    discipline how_;
    std::vector<script_namespace> spaces_;
    std::vector<held_pid> pids_;
    std::vector<unsigned> references_;  ///< By namespace.
    std::vector<bool> closed_ = std::vector<bool>(most_script_namespaces);
    unsigned objects_ = 0;  ///< References on objects.
    unsigned next_ = 0;     ///< The number of the namespace that it creates next.
};

/// The calls that clients from a start are made of, those on a namespace apart from the others.
struct vocabulary {
    std::vector<script_call::kind> in_namespace;
    std::vector<script_call::kind> on_own_pid{free};
    bool of_objects = false;
};
[[nodiscard]] vocabulary words_of(client_start from) {
    switch (from) {
        case client_start::closing:
            return {.in_namespace = {alloc, get, put, close}};
        case client_start::creating:
            return {.in_namespace = {alloc, put, create, close, abandon}};
        case client_start::in_child:
            return {.in_namespace = {alloc, get, put, create, close}};
        case client_start::full_parent:
            return {.in_namespace = {alloc, put}};
        case client_start::objects:
            return {.in_namespace = {make, put},
                    .on_own_pid = {free, find_own, get_object},
                    .of_objects = true};
        default:
            return {.in_namespace = {alloc, get, put}};
    }
}

[[nodiscard]] bool any_call(const script& s, auto&& is_one) {
    return std::ranges::any_of(
        s.threads, [&](const script_thread& one) { return std::ranges::any_of(one.does, is_one); });
}

}  // namespace

std::vector<script_call> allowed_calls(const script& s, client_start from, std::size_t thread) {
    const outlook has(s, from, thread);
    const vocabulary words = words_of(from);
    std::vector<script_call> all;
    const auto add = [&](const script_call& call) {
        if (has.allows(call)) all.push_back(call);
    };
    const bool are_in_child = from == client_start::in_child || from == client_start::full_parent;
    for (const unsigned in : has.known(thread))
        for (const script_call::kind what : words.in_namespace)
            // In the child's parent, only pids matter to it.
            if (!are_in_child || in != 0 || what == alloc) add({.what = what, .in = in});
    for (const script_call::kind what : words.on_own_pid)
        for (unsigned which = 0; which < has.pids(); ++which) add({.what = what, .which = which});
    if (words.of_objects) {
        // Of the numbers that are in use at the start.
        for (const script_thread& one : s.threads)
            for (const script_pid& pid : one.holds)
                add({.what = find, .which = static_cast<unsigned>(pid.nr)});
        add({.what = put_object});
    }
    return all;
}

bool is_about(const script& s, client_start from) {
    const auto calls = [&](script_call::kind what) {
        return any_call(s, [what](const script_call& call) { return call.what == what; });
    };
    switch (from) {
        case client_start::many_references:
            // A count that is wrong for its size is wrong after any single call, and each execution
            // takes these references again.
            return s.threads.size() == 1 && s.calls() == 1;
        case client_start::without_memory:
            return std::ranges::count(s.threads[0].does, alloc, &script_call::what) != 0;
        case client_start::full:
            // Without, nothing more can be had.
            return calls(free);
        case client_start::closing:
            return calls(close);
        case client_start::creating:
            return calls(create);
        case client_start::full_parent:
            return any_call(
                s, [](const script_call& call) { return call.what == alloc && call.in != 0; });
        default:
            return true;
    }
}

}  // namespace pidmap_stress::explore
