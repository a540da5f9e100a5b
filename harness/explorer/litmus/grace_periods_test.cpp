// A grace period waits for every read-side section that began before it. Every right program here
// must hold, and must break without the step that makes it right.

#include <gtest/gtest.h>

#include "harness/explorer/run/explored.hpp"
#include "harness/explorer/search/gtest.hpp"

namespace pidmap_stress::explore {
namespace {

using enum std::memory_order;
using world = explored<tiny_geometry<2, 2>>;

void expect_in_all(const program& p, const testing::Matcher<result>& expected) {
    for (const model m : {model::rc11, model::cxx20, model::sc})
        EXPECT_THAT(explore(p, {.model = m, .stop_at_first = false, .count_redundant = true}),
                    expected)
            << to_string(m);
}
/// The strategies that go step by step must find the same.
void expect_step_by_step(const program& p, const testing::Matcher<result>& expected) {
    for (const strategy how : {strategy::random, strategy::bounded, strategy::stateful})
        EXPECT_THAT(explore(p, {.strategy = how}), expected) << to_string(how);
}

MATCHER(finds_nothing, "finds nothing wrong") {
    return arg.ok();
}
void expect_right(const program& p, unsigned executions) {
    expect_in_all(p, has_executions(executions));
    expect_step_by_step(p, finds_nothing());
}
void expect_broken(const program& p) {
    expect_in_all(p, breaks(finding_kind::use_after_free));
    expect_step_by_step(p, breaks(finding_kind::use_after_free));
}

struct object {
    atomic<int> value;
    plain<int> memo;
};
/// An object that is in its slot at first. It is released once: by retire(), or in the end.
struct table {
    atomic<object*> slot;
    atomic<int> flag, passed_on;
    object* only = nullptr;
    plain<bool> retired;

    table() {
        only = world::create<object>();
        slot.store(only);
    }
    void retire() {
        retired.set(true);
        world::retire(only);
    }
    void release_the_rest() {
        if (!retired.get()) world::destroy(only);
    }
};
program_over<table> over_table() {
    return over<table>().finally([](table& s) { s.release_the_rest(); });
}
void take_out(table& s) {
    s.slot.store(nullptr, relaxed);
}
void read_if_there(table& s) {
    const world::read_section section;
    if (const object* o = s.slot.load(relaxed)) (void)o->value.load(relaxed);
}

// --- What the retiring thread has seen ----------------------------------------------------------

// A third thread takes the object out, and the one that retires it has seen that. Had the section
// begun later, its load could not return the older value.
TEST(GracePeriods, CoverSectionsThatReadWhatWasSeenOverwritten) {
    expect_right(over_table()
                     .thread(take_out)
                     .thread([](table& s) {
                         if (s.slot.load(relaxed) == nullptr) s.retire();
                     })
                     .thread(read_if_there),
                 4);
    expect_broken(
        over_table().thread(take_out).thread([](table& s) { s.retire(); }).thread(read_if_there));
}

// A fourth thread may have seen that, and tell the one that retires it by a release.
TEST(GracePeriods, CoverWhatAnotherThreadHasSeen) {
    const auto p = [](bool looks, std::memory_order tell) {
        return over_table()
            .thread(take_out)
            .thread([=](table& s) {
                if (!looks || s.slot.load(relaxed) == nullptr) s.flag.store(1, tell);
            })
            .thread([](table& s) {
                if (s.flag.load(acquire) == 1) s.retire();
            })
            .thread(read_if_there);
    };
    expect_in_all(p(true, release), holds_completely());
    expect_broken(p(false, release));
    EXPECT_THAT(explore(p(true, relaxed)), breaks(finding_kind::use_after_free));
}

// A look after retire() comes too late.
TEST(GracePeriods, DoNotCoverByWhatIsSeenTooLate) {
    expect_broken(over_table()
                      .thread(take_out)
                      .thread([](table& s) {
                          s.retire();
                          (void)s.slot.load(relaxed);
                      })
                      .thread(read_if_there));
}

// --- What the section has done ------------------------------------------------------------------

// The section has stored, and that was seen: it has begun.
TEST(GracePeriods, CoverSectionsWhoseStoreWasSeen) {
    const auto p = [](bool looks) {
        return over_table()
            .thread([](table& s) {
                const world::read_section section;
                (void)s.only->value.load(relaxed);
                s.flag.store(1, relaxed);
            })
            .thread([=](table& s) {
                if (!looks || s.flag.load(relaxed) == 1) s.retire();
            });
    };
    expect_right(p(true), 2);
    expect_broken(p(false));
}

// A third thread knows of that store, and what it stored then was seen.
TEST(GracePeriods, CoverSectionsThatOthersKnowOf) {
    const auto p = [](bool knows) {
        return over_table()
            .thread([](table& s) {
                const world::read_section section;
                (void)s.only->value.load(relaxed);
                s.flag.store(1, release);
            })
            .thread([=](table& s) {
                if (s.flag.load(acquire) == 1 || !knows) s.passed_on.store(1, relaxed);
            })
            .thread([](table& s) {
                if (s.passed_on.load(relaxed) == 1) s.retire();
            });
    };
    expect_right(p(true), 3);
    expect_broken(p(false));
}

// What its thread did before a section does not count for the section.
TEST(GracePeriods, DoNotCoverALaterSection) {
    expect_broken(over_table()
                      .thread([](table& s) {
                          world::read_lock();
                          object* const o = s.slot.load(relaxed);
                          s.flag.store(1, relaxed);
                          world::read_unlock();
                          world::read_lock();
                          if (o != nullptr) (void)o->value.load(relaxed);
                          world::read_unlock();
                      })
                      .thread([](table& s) {
                          s.slot.store(nullptr, relaxed);
                          if (s.flag.load(relaxed) == 1) s.retire();
                      }));
}

// A section that has ended does not protect what its thread does next.
TEST(GracePeriods, DoNotCoverWhatIsDoneBehindASection) {
    for (const bool behind : {false, true}) {
        const auto p = over_table()
                           .thread([=](table& s) {
                               world::read_lock();
                               object* const o = s.slot.load(acquire);
                               if (o != nullptr) (void)o->memo.get();
                               world::read_unlock();
                               if (behind && o != nullptr) (void)o->memo.get();
                           })
                           .thread([](table& s) {
                               s.slot.store(nullptr, relaxed);
                               s.retire();
                           });
        if (behind)
            expect_broken(p);
        else
            expect_right(p, 2);
    }
}

// --- Michael and Scott's queue, as crossbeam retires its nodes ----------------------------------

struct queue_node {
    explicit queue_node(int v) : value(v) {}
    plain<int> value;
    atomic<queue_node*> next;
};
/// \tparam Helps  Whether a thread that takes a node out moves the tail, if it is still there.
template <bool Helps>
struct queue {
    atomic<queue_node*> head, tail;

    queue() {
        queue_node* const sentinel = world::create<queue_node>(0);
        head.store(sentinel);
        tail.store(sentinel);
    }
    ~queue() {
        for (queue_node* n = head.load(); n != nullptr;) {
            queue_node* const next = n->next.load();
            world::destroy(n);
            n = next;
        }
    }
    queue(const queue&) = delete;
    queue& operator=(const queue&) = delete;

    void push(int value) {
        const world::read_section section;
        queue_node* const mine = world::create<queue_node>(value);
        for (;;) {
            queue_node* onto = tail.load(acquire);
            queue_node* next = onto->next.load(acquire);
            if (next != nullptr) {
                tail.compare_exchange_strong(onto, next, release, relaxed);
                continue;
            }
            if (!onto->next.compare_exchange_strong(next, mine, release, relaxed)) continue;
            tail.compare_exchange_strong(onto, mine, release, relaxed);
            return;
        }
    }
    /// \return 0 if there is nothing.
    int pop() {
        const world::read_section section;
        for (;;) {
            queue_node* first = head.load(acquire);
            queue_node* const next = first->next.load(acquire);
            if (next == nullptr) return 0;
            if (!head.compare_exchange_strong(first, next, release, relaxed)) continue;
            // If a thread that pushed has moved the tail, this relaxed load is all that orders that
            // before the grace period.
            queue_node* last = tail.load(relaxed);
            if (Helps && last == first) tail.compare_exchange_strong(last, next, release, relaxed);
            world::retire(first);
            return next->value.get();
        }
    }
};
template <bool Helps>
program_over<queue<Helps>> queue_users() {
    using q = queue<Helps>;
    return over<q>()
        .thread([](q& s) { s.push(1); })
        .thread([](q& s) { (void)s.pop(); })
        .thread([](q& s) { s.push(2); });
}

TEST(GracePeriods, CoverTheQueueOfMichaelAndScott) {
    expect_in_all(queue_users<true>(), holds_completely());
    expect_broken(queue_users<false>());
}

// --- What a retired object owns -----------------------------------------------------------------

/// It releases what it owns, or forgets to.
template <bool Releases>
struct owner {
    atomic<object*> owned;
    ~owner() {
        if (Releases) world::destroy(owned.load(relaxed));
    }
};
template <bool Releases>
struct owners {
    using type = owner<Releases>;
    atomic<type*> slot;

    owners() { slot.store(world::create<type>()); }
    /// Gives the owner something to own, if it has nothing yet.
    static void give(type& to) {
        object* const made = world::create<object>();
        object* nothing = nullptr;
        if (!to.owned.compare_exchange_strong(nothing, made, release, relaxed))
            world::destroy(made);
    }
    void retire_it() { world::retire(slot.exchange(nullptr, relaxed)); }
};

// A reader stores into an object that is retired meanwhile: its destructor runs when the reader's
// section has ended, and finds it.
TEST(GracePeriods, ADestructorReleasesWhatItsReadersStored) {
    using table_of_owners = owners<true>;
    const auto p = over<table_of_owners>()
                       .thread([](table_of_owners& s) {
                           const read_section reads;
                           if (auto* const found = s.slot.load(acquire)) s.give(*found);
                       })
                       .thread([](table_of_owners& s) { s.retire_it(); });
    for (const model m : {model::rc11, model::cxx20, model::sc})
        EXPECT_THAT(explore(p, {.model = m, .stop_at_first = false}), holds_completely());
    expect_step_by_step(p, finds_nothing());
}

// A destructor that forgets what was stored earlier leaks it.
TEST(GracePeriods, ADestructorThatForgetsWhatItOwnsLeaks) {
    using table_of_owners = owners<false>;
    const auto p = over<table_of_owners>().thread([](table_of_owners& s) {
        s.give(*s.slot.load(relaxed));
        s.retire_it();
    });
    EXPECT_THAT(explore(p), breaks(finding_kind::leak));
}

}  // namespace
}  // namespace pidmap_stress::explore
