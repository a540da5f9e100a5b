#include "harness/programs/interpreter.hpp"

#include <boost/container/static_vector.hpp>

#include <algorithm>
#include <array>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "harness/programs/call_book.hpp"
#include "harness/programs/judge.hpp"
#include "harness/programs/judged.hpp"

namespace pidmap_stress::explore {
namespace {

using enum script_call::kind;

/// What of a script does not change, looked up once for all executions.
struct plan {
    script of;
    std::vector<script_namespace> spaces = namespaces_of(of);
    bool is_plain = explore::is_plain(of);
    bool finds_in_table = of.how == discipline::lookup;
    unsigned threads = static_cast<unsigned>(of.threads.size());
    unsigned home = 0;  ///< The last namespace of the set-up.
    /// By namespace: somebody closes it, and no thread is the creator.
    std::array<bool, most_script_namespaces> closes{};
    /// By thread, by call: the number of the namespace that it creates.
    std::vector<std::vector<unsigned>> created;
    /// By namespace: the calls that may take a pid there.
    std::array<unsigned, most_script_namespaces> takes{};

    explicit plan(const script& s) : of(s) {
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
    /// Whether `in` is `above`, or below it.
    [[nodiscard]] bool is_within(unsigned in, unsigned above) const noexcept {
        while (in != above && in != 0) in = spaces[in].parent;
        return in == above;
    }
};

/// Who freed a pid when it knew that the namespace was closed.
constexpr unsigned nobody_any_more = ~0U;

/// What an execution knows of one namespace.
struct space_book {
    explored_namespace ns;
    bool beyond_reserved = false;  ///< The set-up led the hint beyond these.
    bool has_begun = false;        ///< A thread got a pid.
    bool creator_stays = false;    ///< Until it is closed.
    unsigned releases = 0;
    reuse_book reuse;
    boost::container::static_vector<tenant_cell, most_explored_pids> tenants;

    [[nodiscard]] plain<unsigned>& tenant_of(pid_nr nr) noexcept {
        return tenants[static_cast<unsigned>(nr)];
    }
};

/// A pid that a thread has, at each level.
struct own_pid {
    pid_object_handle* object = nullptr;
    std::uint8_t in = 0;
    std::array<std::uint8_t, most_script_levels> numbers{};

    [[nodiscard]] pid_nr at(unsigned level) const noexcept { return numbers[level]; }
};

/// What a thread has, oldest first. What it had leaves no trace: states are compared as they are in
/// memory.
///
/// \tparam Spaces  Of how many namespaces, at most.
template <unsigned Spaces>
struct thread_book {
    static constexpr unsigned most_objects = 8;

    std::array<own_pid, most_explored_pids> own{};
    unsigned count = 0;
    unsigned failures_left = 0;
    std::array<std::uint8_t, Spaces> references{};
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

/// One execution of a script: the namespaces, and the books of who uses them. All that it remembers
/// lies in it, or on threads' stacks: see program_over::flat().
template <unsigned Spaces>
class execution final : public release_hook {
public:
    execution(const explored_allocator& variant, const plan& of)
        : variant_(variant), plan_(&of), pid_max_(of.of.pid_max), limit_(of.of.pid_max) {
        pid_max_.named("pid_max");
        table_.named("table");
        for (unsigned t = 0; t < plan_->threads; ++t)
            books_[t + 1].failures_left = plan_->of.threads[t].failures;
    }

    void set_up();
    void run(unsigned thread);
    void check_instant() const noexcept;
    void finish();

    void on_release(const void* ns) noexcept override {
        for (unsigned in = 0; in < plan_->spaces.size(); ++in)
            if (space(in).ns.object() == ns) ++space(in).releases;
        if (!plan_->finds_in_table) return;
        // Relaxed: a worker that looks it up now finds nothing, and nothing follows from that.
        table_.store(nullptr, std::memory_order::relaxed);
    }
    bool fails_here() noexcept override {
        unsigned& left = books_[this_thread()].failures_left;
        if (this_thread() == 0 || left == 0 || choose(2) == 0) return false;
        --left;
        return true;
    }

private:
    [[nodiscard]] space_book& space(unsigned in) noexcept { return spaces_[in]; }
    [[nodiscard]] const space_book& space(unsigned in) const noexcept { return spaces_[in]; }
    [[nodiscard]] thread_book<Spaces>& book_of(unsigned thread) noexcept {
        return books_[thread + 1];
    }
    [[nodiscard]] unsigned level_of(unsigned in) const noexcept { return plan_->spaces[in].level; }
    /// Calls `visit` with each namespace from `in` up.
    template <class Visit>
    void upwards(unsigned in, const Visit& visit) const {
        for (;; in = plan_->spaces[in].parent) {
            visit(in);
            if (in == 0) return;
        }
    }

    // The set-up.
    [[nodiscard]] bool open(unsigned in, unsigned parent);
    void allocate_in_order();
    void give_back_what_nobody_holds();
    void prepare(const script_call& call);
    void prepare_alloc(unsigned in, bool as_object);
    void seat_threads();
    void name_cells() noexcept;
    void begin();

    // Calls.
    [[nodiscard]] bool may_call(unsigned thread, const script_call& call) const noexcept;
    void call(unsigned thread, const script_call& one, unsigned created);
    void call_alloc(unsigned thread, unsigned in);
    void call_free(unsigned thread, unsigned which);
    void call_create(unsigned thread, unsigned in, unsigned created);
    void call_close(unsigned thread, unsigned in);
    void call_abandon(unsigned thread, unsigned in);
    void call_make(unsigned thread);
    void call_find(unsigned thread, pid_nr nr);

    /// Of a namespace, in the order from the deepest to the root.
    [[nodiscard]] alloc_result alloc_numbers(unsigned in, own_pid& into);
    void free_numbers(const own_pid& one);
    /// A thread has got a pid.
    void take(unsigned thread, const own_pid& one);
    void leave(unsigned thread, const own_pid& one);
    void refused(unsigned thread, unsigned in, alloc_error why);
    [[nodiscard]] bool holds_in(const thread_book<Spaces>& mine, unsigned in) const noexcept;
    [[nodiscard]] bool refers_to(const thread_book<Spaces>& mine, unsigned in) const noexcept;
    void tell_holders(unsigned thread);

    template <class Call>
    void in_book(operation_kind kind, const Call& call, pid_nr nr = 0) {
        const std::size_t number = record(kind, nr);
        call();
        calls_.returned(number);
    }
    [[nodiscard]] std::size_t record(operation_kind kind, pid_nr nr = 0) {
        return plan_->is_plain ? calls_.called(kind, nr) : call_book::none;
    }

    // The end.
    [[nodiscard]] std::vector<pid_nr> held_in(unsigned in) const;
    [[nodiscard]] unsigned references_on(unsigned in) const noexcept;
    void audit_all() const;
    [[nodiscard]] bool any_object_left() const noexcept;
    void give_back_all();

    const explored_allocator& variant_;
    const plan* plan_;
    pid_max_cell pid_max_;
    pid_nr limit_;
    atomic<namespace_object*> table_{nullptr};
    std::array<space_book, Spaces> spaces_;
    space_book& first_ = spaces_[0];
    std::array<thread_book<Spaces>, most_script_threads + 1> books_{};  // 0 is the set-up.
    holders holders_{plan_->threads};
    /// Of home, where that is another one than namespace 0.
    std::optional<holders> holders_at_home_;
    call_book calls_;
};

// --- The set-up
// -----------------------------------------------------------------------------------

template <unsigned Spaces>
bool execution<Spaces>::open(unsigned in, unsigned parent) {
    space_book& made = space(in);
    made.ns = in == 0 ? explored_namespace::create(variant_, pid_max_)
                      : explored_namespace::create(variant_, pid_max_, space(parent).ns);
    if (!made.ns) return false;
    made.tenants.resize(static_cast<std::size_t>(variant_.highest_pid_max()));
    made.creator_stays = plan_->closes[in];
    return true;
}

template <unsigned Spaces>
void execution<Spaces>::set_up() {
    current = this;
    (void)open(0, 0);
    allocate_in_order();
    if (!is_set_up()) return;
    give_back_what_nobody_holds();
    unsigned next = 1;
    for (const script_call& call : plan_->of.before) {
        if (!is_set_up()) return;
        if (call.what == create)
            need(open(next++, call.in), "the set-up could not create a namespace");
        else
            prepare(call);
    }
    if (!is_set_up()) return;
    seat_threads();
    begin();
}

template <unsigned Spaces>
void execution<Spaces>::allocate_in_order() {
    for (pid_nr nr = 1; nr <= plan_->of.last; ++nr) {
        const alloc_result got = first_.ns.alloc_pidmap();
        if (!got) judge_refusal(got.error());
        need(got && got.nr() == nr, "the set-up did not get its pids in order");
        if (!is_set_up()) return;
        books_[0].add({.numbers = {static_cast<std::uint8_t>(nr)}});
    }
    first_.beyond_reserved = plan_->of.last >= plan_->of.reserved;
}

template <unsigned Spaces>
void execution<Spaces>::give_back_what_nobody_holds() {
    std::array<bool, most_explored_pids> kept{};
    for (const script_thread& one : plan_->of.threads)
        for (const script_pid& pid : one.holds)
            if (pid.in == 0) kept[static_cast<unsigned>(pid.nr)] = true;
    thread_book<Spaces>& mine = books_[0];
    unsigned left = 0;
    for (unsigned i = 0; i < mine.count; ++i) {
        const own_pid one = mine.own[i];
        if (kept[static_cast<unsigned>(one.at(0))])
            mine.own[left++] = one;
        else
            first_.ns.free_pidmap(one.at(0));
    }
    for (unsigned i = left; i < mine.count; ++i) mine.own[i] = {};
    mine.count = left;
}

template <unsigned Spaces>
void execution<Spaces>::prepare(const script_call& call) {
    thread_book<Spaces>& mine = books_[0];
    if (call.what == alloc || call.what == make) {
        prepare_alloc(call.in, call.what == make);
    } else if (call.what == set_pid_max) {
        limit_ = static_cast<pid_nr>(call.which);
        pid_max_.store(limit_, std::memory_order::relaxed);
    } else if (call.what == free && call.which < mine.count) {
        free_numbers(mine.take(call.which));
    }
}

/// Nobody else is there, so what there is to be had is known.
template <unsigned Spaces>
void execution<Spaces>::prepare_alloc(unsigned in, bool as_object) {
    bool room = true;
    std::array<std::array<bool, most_explored_pids>, most_script_levels> used{};
    const thread_book<Spaces>& mine = books_[0];
    for (unsigned i = 0; i < mine.count; ++i)
        upwards(mine.own[i].in, [&](unsigned at) {
            if (plan_->is_within(in, at))
                used[level_of(at)][static_cast<unsigned>(mine.own[i].at(level_of(at)))] = true;
        });
    const auto may_be_had = [&](unsigned at, pid_nr nr) {
        const pid_nr first = space(at).beyond_reserved ? variant_.reserved_pids : 1;
        return nr >= first && nr < limit_ && !used[level_of(at)][static_cast<unsigned>(nr)];
    };
    upwards(in, [&](unsigned at) {
        bool any = false;
        for (pid_nr nr = 1; nr < limit_; ++nr) any |= may_be_had(at, nr);
        room &= any;
    });
    own_pid one;
    const alloc_result got = [&]() -> alloc_result {
        if (!as_object) return alloc_numbers(in, one);
        const pid_object_result object = space(in).ns.alloc_pid();
        if (object.object == nullptr) return object.error;
        one.object = object.object;
        one.numbers[0] = static_cast<std::uint8_t>(variant_.number_of(*object.object, 0));
        return one.at(0);
    }();
    if (!got) {
        judge_refusal(got.error());
        need(!room, "the set-up got no pid, and there is one");
        return;
    }
    need(room, "a full map does not say that it is full");
    bool right = true;
    upwards(in, [&](unsigned at) { right &= may_be_had(at, one.at(level_of(at))); });
    need(right, "the set-up got a pid that was not to be had");
    if (!is_set_up()) return;
    books_[0].add(one);
    upwards(in, [&](unsigned at) {
        space(at).beyond_reserved |= one.at(level_of(at)) >= variant_.reserved_pids;
    });
}

/// Threads get what they hold, and pids their tenants.
template <unsigned Spaces>
void execution<Spaces>::seat_threads() {
    thread_book<Spaces>& mine = books_[0];
    for (unsigned t = 0; t < plan_->threads; ++t) {
        const script_thread& of = plan_->of.threads[t];
        if (plan_->of.how == discipline::reference) {
            space(plan_->home).ns.get();
            book_of(t).references[plan_->home] = 1;
        }
        if (of.is_creator) ++book_of(t).references[0];
        for (const script_pid& pid : of.holds) {
            unsigned which = 0;
            while (which < mine.count &&
                   (mine.own[which].in != pid.in || mine.own[which].at(level_of(pid.in)) != pid.nr))
                ++which;
            need(which < mine.count, "the set-up did not get a pid that a thread is to hold");
            if (!is_set_up()) return;
            book_of(t).add(mine.take(which));
        }
    }
    for (unsigned t = 0; t <= plan_->threads; ++t)
        for (unsigned i = 0; i < books_[t].count; ++i)
            upwards(books_[t].own[i].in, [&](unsigned at) {
                // The set-up is nobody that frees a pid meanwhile.
                space(at).tenant_of(books_[t].own[i].at(level_of(at))).set(t == 0 ? 1 : t);
            });
}

template <unsigned Spaces>
void execution<Spaces>::begin() {
    if (plan_->home != 0) holders_at_home_.emplace(plan_->threads);
    for (unsigned t = 0; t < plan_->threads; ++t) {
        holders_.set(t, book_of(t).count != 0);
        if (holders_at_home_) holders_at_home_->set(t, holds_in(book_of(t), plan_->home));
    }
    if (plan_->finds_in_table) table_.store(first_.ns.object());
    name_cells();
    const bool has_creator = std::ranges::any_of(plan_->of.threads, &script_thread::is_creator);
    for (unsigned in = plan_->home + 1; in-- > 0;)
        if (!plan_->closes[in] && !(in == 0 && has_creator)) space(in).ns.put();
    if (plan_->is_plain) calls_.begin({.references = references_on(0), .held = held_in(0)});
    for (unsigned in = 0; in < plan_->spaces.size(); ++in) {
        const auto held = in <= plan_->home ? static_cast<unsigned>(held_in(in).size()) : 0;
        space(in).reuse.begin(static_cast<unsigned>(limit_ - variant_.reserved_pids),
                              held + plan_->takes[in]);
    }
    check_instant();  // Before the first step of a thread, which may be to give up its pid.
}

template <unsigned Spaces>
void execution<Spaces>::name_cells() noexcept {
    static constexpr std::array<const char*, most_explored_pages> nr_free{
        "nr_free of page 0", "nr_free of page 1", "nr_free of page 2"};
    static constexpr std::array<const char*, most_explored_pages> bitmap{
        "bitmap of page 0", "bitmap of page 1", "bitmap of page 2"};
    static constexpr std::array<const char*, most_explored_pages> page_names{"page 0", "page 1",
                                                                             "page 2"};
    if (plan_->home != 0) return;  // The names of one namespace's cells would be those of others.
    name_peeked("refcount", [this] { (void)first_.ns.peek_refcount(); });
    for (unsigned page = 0; page < variant_.max_pages; ++page) {
        name_peeked(nr_free[page], [&] { (void)first_.ns.peek_nr_free(page); });
        // That peeks at the page's cell as well, which then gets its own name.
        if (first_.ns.peek_installed(page))
            name_peeked(bitmap[page], [&] { (void)first_.ns.peek_bitmap(page); });
        name_peeked(page_names[page], [&] { (void)first_.ns.peek_installed(page); });
    }
}

// --- Calls
// ----------------------------------------------------------------------------------------

template <unsigned Spaces>
bool execution<Spaces>::holds_in(const thread_book<Spaces>& mine, unsigned in) const noexcept {
    for (unsigned i = 0; i < mine.count; ++i)
        if (plan_->is_within(mine.own[i].in, in)) return true;
    return false;
}

template <unsigned Spaces>
bool execution<Spaces>::refers_to(const thread_book<Spaces>& mine, unsigned in) const noexcept {
    for (unsigned one = 0; one < plan_->spaces.size(); ++one)
        if (mine.references[one] != 0 && plan_->is_within(one, in)) return true;
    return false;
}

template <unsigned Spaces>
bool execution<Spaces>::may_call(unsigned thread, const script_call& call) const noexcept {
    const thread_book<Spaces>& mine = books_[thread + 1];
    const bool of_own = call.what == free || call.what == find_own || call.what == get_object;
    if (of_own && call.which >= mine.count) return false;
    const own_pid* const pid = of_own ? &mine.own[call.which] : nullptr;
    if (call.what == put_object) return mine.object_count != 0;
    if ((call.what == find_own || call.what == get_object) && pid->object == nullptr) return false;
    if (call.what == get_object || call.what == find || call.what == find_own)
        if (mine.object_count == thread_book<Spaces>::most_objects) return false;
    const unsigned in = call.what == free ? pid->in : call.in;
    if (!space(in).ns) return false;
    if (call.what == put && mine.references[in] == 0) return false;
    if (call.what == abandon)
        return mine.references[in] == 1 && mine.count != 0 && mine.own[mine.count - 1].in == in &&
               std::ranges::count_if(
                   std::span(mine.own).first(mine.count),
                   [&](const own_pid& one) { return plan_->is_within(one.in, in); }) == 1;
    switch (plan_->of.how) {
        case discipline::member:
            return holds_in(mine, in) || refers_to(mine, in);
        case discipline::reference:
            // A pid in a namespace that it made itself, a thread may free without a reference.
            return refers_to(mine, in) || (call.what == free && plan_->spaces[in].maker != 0);
        case discipline::lookup:
            return call.what != get || mine.count != 0;
    }
    return false;
}

template <unsigned Spaces>
void execution<Spaces>::run(unsigned thread) {
    const std::vector<script_call>& does = plan_->of.threads[thread].does;
    for (std::size_t i = 0; i < does.size(); ++i)
        if (may_call(thread, does[i])) call(thread, does[i], plan_->created[thread][i]);
}

template <unsigned Spaces>
void execution<Spaces>::call(unsigned thread, const script_call& one, unsigned created) {
    thread_book<Spaces>& mine = book_of(thread);
    switch (one.what) {
        case alloc:
            return call_alloc(thread, one.in);
        case free:
            return call_free(thread, one.which);
        case get:
            label("get");
            in_book(operation_kind::get, [&] { space(one.in).ns.get(); });
            ++mine.references[one.in];
            return;
        case put:
            label("put");
            --mine.references[one.in];
            in_book(operation_kind::put, [&] { space(one.in).ns.put(); });
            return;
        case create:
            return call_create(thread, one.in, created);
        case close:
            return call_close(thread, one.in);
        case abandon:
            return call_abandon(thread, one.in);
        case make:
            return call_make(thread);
        case find:
            return call_find(thread, static_cast<pid_nr>(one.which));
        case find_own:
            return call_find(thread, mine.own[one.which].at(0));
        case get_object:
            label("get pid");
            variant_.get_pid(*mine.own[one.which].object);
            mine.objects[mine.object_count++] = mine.own[one.which].object;
            return;
        case put_object:
            label("put pid");
            return variant_.put_pid(*mine.take_object());
        case set_pid_max:
            label("set pid_max");
            limit_ = std::max(limit_, static_cast<pid_nr>(one.which));
            return pid_max_.store(static_cast<pid_nr>(one.which), std::memory_order::relaxed);
    }
}

template <unsigned Spaces>
alloc_result execution<Spaces>::alloc_numbers(unsigned in, own_pid& into) {
    into.in = static_cast<std::uint8_t>(in);
    if (in == 0) {
        const alloc_result got = first_.ns.alloc_pidmap();
        if (got) into.numbers[0] = static_cast<std::uint8_t>(got.nr());
        return got;
    }
    std::array<pid_nr, most_script_levels> numbers{};
    const numbers_result got = space(in).ns.alloc_numbers(numbers);
    for (unsigned level = 0; got.result && level <= level_of(in); ++level)
        into.numbers[level] = static_cast<std::uint8_t>(numbers[level]);
    return got.result;
}

template <unsigned Spaces>
void execution<Spaces>::free_numbers(const own_pid& one) {
    const explored_namespace& ns = space(one.in).ns;
    if (one.object != nullptr) return ns.free_pid(*one.object);
    if (one.in == 0) return ns.free_pidmap(one.at(0));
    std::array<pid_nr, most_script_levels> numbers{};
    for (unsigned level = 0; level <= level_of(one.in); ++level) numbers[level] = one.at(level);
    ns.free_numbers(std::span(numbers).first(level_of(one.in) + 1));
}

template <unsigned Spaces>
void execution<Spaces>::call_alloc(unsigned thread, unsigned in) {
    label("alloc");
    const std::size_t number = record(operation_kind::alloc);
    own_pid one;
    alloc_result got = alloc_error::namespace_dead;
    if (plan_->finds_in_table) {
        const read_section protects;
        // Acquire, from the set-up's store: the namespace is seen made.
        if (namespace_object* const found = table_.load(std::memory_order::acquire))
            got = variant_.alloc_pidmap(*found);
        if (got) one.numbers[0] = static_cast<std::uint8_t>(got.nr());
    } else {
        got = alloc_numbers(in, one);
    }
    calls_.returned(number, got);
    if (!got) return refused(thread, in, got.error());
    if (book_of(thread).knows_closed[in])
        expect(false, invariant::linearizable, "a closed namespace gives a pid");
    if (in != 0 && plan_->spaces[in].maker != 0 && !space(in).has_begun)
        // Nobody else knows it.
        expect(got.nr() == 1, invariant::pid_in_range,
               "the first pid of a namespace is its init, 1");
    take(thread, one);
    upwards(in, [&](unsigned at) { space(at).reuse.got(thread, one.at(level_of(at))); });
    tell_holders(thread);
}

template <unsigned Spaces>
void execution<Spaces>::refused(unsigned thread, unsigned in, alloc_error why) {
    const bool knows_closed = book_of(thread).knows_closed[in];
    if (knows_closed)
        expect(why == alloc_error::namespace_dead, invariant::linearizable,
               "a closed namespace does not say that it is dead");
    // That no pid was found is advisory in a crowd, and that there is no memory is up to the
    // explorer.
    bool roomy = true;
    bool closes = false;
    upwards(in, [&](unsigned at) {
        roomy &= space(at).reuse.roomy();
        closes |= plan_->closes[at];
    });
    if (why == alloc_error::exhausted && roomy && !knows_closed)
        expect(false, invariant::linearizable, "no pid is found, and there are many");
    if (!plan_->finds_in_table && !closes) judge_refusal(why);
}

template <unsigned Spaces>
void execution<Spaces>::take(unsigned thread, const own_pid& one) {
    upwards(one.in, [&](unsigned at) {
        space_book& of = space(at);
        const pid_nr nr = one.at(level_of(at));
        // Once the hint is beyond the reserved ones, only a wrap leads back, and it passes them
        // over.
        check(nr >= (of.beyond_reserved ? variant_.reserved_pids : 1) && nr < limit_,
              invariant::pid_in_range);
        plain<unsigned>& tenant = of.tenant_of(nr);
        const unsigned before = tenant.get();
        expect(before == 0 || before == nobody_any_more, invariant::unique_pid);
        expect(before != nobody_any_more, invariant::linearizable,
               "a pid that was freed after the closing is handed out again");
        tenant.set(thread + 1);
        of.has_begun = true;
    });
    thread_book<Spaces>& mine = book_of(thread);
    // A pid that has two tenants may be more than there is room for.
    check(mine.count < mine.own.size(), invariant::unique_pid);
    mine.add(one);
}

template <unsigned Spaces>
void execution<Spaces>::leave(unsigned thread, const own_pid& one) {
    upwards(one.in, [&](unsigned at) {
        plain<unsigned>& tenant = space(at).tenant_of(one.at(level_of(at)));
        expect(tenant.get() == thread + 1, invariant::unique_pid);
        tenant.set(book_of(thread).knows_closed[at] ? nobody_any_more : 0);
    });
}

/// After a thread's pids became more or fewer.
template <unsigned Spaces>
void execution<Spaces>::tell_holders(unsigned thread) {
    const thread_book<Spaces>& mine = book_of(thread);
    if (mine.count <= 1) holders_.set(thread, mine.count != 0);
    if (holders_at_home_) holders_at_home_->set(thread, holds_in(mine, plan_->home));
}

template <unsigned Spaces>
void execution<Spaces>::call_free(unsigned thread, unsigned which) {
    static constexpr std::array<const char*, most_explored_pids> labels{
        "free 0",  "free 1",  "free 2",  "free 3",  "free 4",  "free 5",  "free 6",  "free 7",
        "free 8",  "free 9",  "free 10", "free 11", "free 12", "free 13", "free 14", "free 15",
        "free 16", "free 17", "free 18", "free 19", "free 20", "free 21", "free 22", "free 23"};
    const own_pid one = book_of(thread).take(which);
    label(one.object != nullptr ? "free pid" : labels[one.numbers[level_of(one.in)]]);
    if (book_of(thread).count == 0) holders_.set(thread, false);
    if (holders_at_home_) holders_at_home_->set(thread, holds_in(book_of(thread), plan_->home));
    leave(thread, one);
    in_book(operation_kind::free, [&] { free_numbers(one); }, one.at(0));
}

template <unsigned Spaces>
void execution<Spaces>::call_create(unsigned thread, unsigned in, unsigned created) {
    label("create");
    if (open(created, in)) book_of(thread).references[created] = 1;
}

template <unsigned Spaces>
void execution<Spaces>::call_close(unsigned thread, unsigned in) {
    label("close");
    space_book& of = space(in);
    const bool first = of.ns.disable_pid_allocation();
    book_of(thread).knows_closed[in] = true;
    if (!first || !plan_->closes[in]) return;
    of.creator_stays = false;
    label("put");
    of.ns.put();
}

template <unsigned Spaces>
void execution<Spaces>::call_abandon(unsigned thread, unsigned in) {
    label("abandon");
    thread_book<Spaces>& mine = book_of(thread);
    const own_pid one = mine.take(mine.count - 1);
    if (mine.count == 0) holders_.set(thread, false);
    leave(thread, one);
    mine.references[in] = 0;
    first_.ns.free_pidmap(one.at(0));
    space(in).ns.abandon(one.at(1));
}

template <unsigned Spaces>
void execution<Spaces>::call_make(unsigned thread) {
    label("alloc pid");
    const pid_object_result got = first_.ns.alloc_pid();
    if (got.object == nullptr) return refused(thread, 0, got.error);
    const own_pid one{.object = got.object,
                      .numbers = {static_cast<std::uint8_t>(variant_.number_of(*got.object, 0))}};
    if (book_of(thread).knows_closed[0])
        expect(false, invariant::linearizable, "a closed namespace gives a pid");
    take(thread, one);
    first_.reuse.got(thread, one.at(0));
    tell_holders(thread);
}

template <unsigned Spaces>
void execution<Spaces>::call_find(unsigned thread, pid_nr nr) {
    thread_book<Spaces>& mine = book_of(thread);
    label("find pid");
    pid_object_handle* const found = [&] {
        const read_section protects;
        return first_.ns.find_pid(nr);
    }();
    for (unsigned i = 0; i < mine.count; ++i)
        if (mine.own[i].object != nullptr && mine.own[i].at(0) == nr)
            expect(found == mine.own[i].object, invariant::linearizable,
                   "a lookup of a number did not lead to the object that has it");
    if (found == nullptr) return;
    // What it is known by never changes, and it is there as long as we have a reference.
    expect(variant_.number_of(*found, 0) == nr, invariant::linearizable,
           "a lookup of a number led to an object that never had it");
    mine.objects[mine.object_count++] = found;
}

// --- What is judged
// -------------------------------------------------------------------------------

template <unsigned Spaces>
void execution<Spaces>::check_instant() const noexcept {
    judge_instant(first_.ns, holders_.any());
    if (holders_at_home_) judge_instant(space(plan_->home).ns, holders_at_home_->any());
    if (plan_->is_plain) judge_cover(first_.ns);
}

template <unsigned Spaces>
std::vector<pid_nr> execution<Spaces>::held_in(unsigned in) const {
    std::vector<pid_nr> held;
    for (const thread_book<Spaces>& one : books_)
        for (unsigned i = 0; i < one.count; ++i)
            if (plan_->is_within(one.own[i].in, in)) held.push_back(one.own[i].at(level_of(in)));
    return held;
}

template <unsigned Spaces>
unsigned execution<Spaces>::references_on(unsigned in) const noexcept {
    unsigned references = space(in).creator_stays ? 1 : 0;
    for (const thread_book<Spaces>& one : books_) references += one.references[in];
    // A child has one on its parent.
    for (unsigned other = 1; other < plan_->spaces.size(); ++other)
        if (plan_->spaces[other].parent == in && space(other).ns && space(other).releases == 0)
            ++references;
    return references;
}

template <unsigned Spaces>
void execution<Spaces>::audit_all() const {
    for (unsigned in = 0; in < plan_->spaces.size(); ++in) {
        const space_book& of = space(in);
        if (!of.ns) continue;
        expect(of.releases <= 1, invariant::released_once, "released more than once");
        const std::vector<pid_nr> held = held_in(in);
        judge_quiescent(of.ns, {.pid_max = limit_,
                                .releases = of.releases,
                                .references = references_on(in),
                                .held = held});
    }
}

/// What is left of a released namespace was judged, and there is nothing to give back.
template <unsigned Spaces>
void execution<Spaces>::give_back_all() {
    for (unsigned in = static_cast<unsigned>(plan_->spaces.size()); in-- > 0;) {
        space_book& of = space(in);
        if (!of.ns || of.releases != 0) continue;
        for (thread_book<Spaces>& one : books_) {
            for (unsigned i = one.count; i-- > 0;)
                if (one.own[i].in == in) free_numbers(one.take(i));
            for (; one.references[in] != 0; --one.references[in]) of.ns.put();
        }
        if (std::exchange(of.creator_stays, false)) of.ns.put();
    }
    for (thread_book<Spaces>& one : books_)
        while (one.object_count != 0) variant_.put_pid(*one.take_object());
}

/// Whether an object is in use still. It may have references on its namespace, or none: that is up
/// to the variant, so nothing can be said of the count until it is gone.
template <unsigned Spaces>
bool execution<Spaces>::any_object_left() const noexcept {
    return std::ranges::any_of(books_, [](const thread_book<Spaces>& one) {
        return one.object_count != 0 || std::ranges::any_of(one.own, [](const own_pid& pid) {
                   return pid.object != nullptr;
               });
    });
}

template <unsigned Spaces>
void execution<Spaces>::finish() {
    if (plan_->is_plain) calls_.judge();
    if (!any_object_left()) audit_all();
    bool any_left = any_object_left();
    for (unsigned in = 0; in < plan_->spaces.size(); ++in)
        any_left |= space(in).ns && space(in).releases == 0;
    if (!any_left) return;
    give_back_all();
    // The last one out released it, unless a reference is left over.
    audit_all();
}

template <class State>
[[nodiscard]] std::unique_ptr<program> make_program_over(const explored_allocator& variant,
                                                         const std::shared_ptr<const plan>& of) {
    auto made = std::make_unique<program_over<State>>(
        [&variant, of](void* where) { return new (where) State(variant, *of); });
    made->first([](State& one) { one.set_up(); })
        .threads(of->threads,
                 [](State& one, unsigned thread) {
                     if (one.is_set_up()) one.run(thread);
                 })
        .flat()
        .always([](const State& one) { one.check_instant(); })
        .finally([](State& one) {
            if (one.is_set_up()) one.finish();
        });
    return made;
}

}  // namespace

std::unique_ptr<program> make_program(const explored_allocator& variant, const script& s) {
    // The program outlives its instances, and they point at its script.
    const auto shared = std::make_shared<const plan>(s);
    const auto spaces = shared->spaces.size();
    if (spaces == 1) return make_program_over<execution<1>>(variant, shared);
    if (spaces <= 4) return make_program_over<execution<4>>(variant, shared);
    return make_program_over<execution<most_script_namespaces>>(variant, shared);
}

}  // namespace pidmap_stress::explore
