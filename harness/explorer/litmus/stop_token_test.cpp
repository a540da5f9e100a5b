// Goal: show that a request to stop reaches whoever may learn of it, once, and orders what it must.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <memory>

#include "harness/explorer/search/gtest.hpp"
#include "harness/explorer/sync/condition_variable.hpp"
#include "harness/explorer/sync/thread.hpp"

namespace pidmap_stress::explore {
namespace {

using enum std::memory_order;

struct cells {
    atomic<int> x;
    plain<int> letter;
    mutex lock;
    condition_variable_any changed;
    stop_source source;
};

void expect_holds(const program& p) {
    for (const model m : {model::rc11, model::sc}) {
        EXPECT_THAT(explore(p, {.model = m}), holds_completely());
        EXPECT_TRUE(explore(p, {.model = m, .strategy = strategy::random, .walks = 200}).ok());
    }
}

// A jthread whose function takes a token is asked to stop at its end, and what came before that is
// seen; one that has joined before is not held up.
TEST(StopToken, TheEndOfAThreadAsksItToStop) {
    expect_holds(with_main<cells>(1, [](cells& s) {
        const jthread other(
            [&s](const stop_token& token, int n) {
                while (!token.stop_requested()) (void)0;
                check(s.letter.get() == n);
            },
            7);
        s.letter.set(7);
    }));
    const auto never = with_main<cells>(1, [](cells&) {
        jthread other([](const stop_token& token) {
            while (!token.stop_requested()) (void)0;
        });
        other.join();
    });
    EXPECT_THAT(explore(never), breaks(finding_kind::deadlock));
}

// Of two requests one is the first, and a callback runs once, whenever it was made.
TEST(StopToken, ACallbackRunsOnce) {
    const auto p =
        over<cells>()
            .threads(2, [](cells& s, unsigned) { s.x.fetch_add(s.source.request_stop() ? 1 : 0); })
            .thread([](cells& s) {
                const stop_callback once(s.source.get_token(), [&s] { s.x.fetch_add(10); });
            })
            .finally([](cells& s) {
                check(s.x.peek() % 10 == 1, "one request is the first");
                check(s.x.peek() <= 11, "no callback runs twice");
            });
    expect_holds(p);
    EXPECT_GT(explore(p).executions, 2U);
    const auto late = over<cells>().thread([](cells& s) {
        check(s.source.request_stop());
        bool called = false;
        const stop_callback at_once(s.source.get_token(), [&called] { called = true; });
        check(called);
        check(!s.source.request_stop());
    });
    EXPECT_TRUE(explore(late).findings.empty());
}

// The end of a callback waits for the call: what it uses may go afterwards, and not before.
TEST(StopToken, TheEndOfACallbackWaitsForItsCall) {
    expect_holds(
        over<cells>().thread([](cells& s) { (void)s.source.request_stop(); }).thread([](cells& s) {
            {
                const stop_callback call(s.source.get_token(),
                                         [&s] { s.letter.set(s.letter.get() + 1); });
            }
            s.letter.set(5);
        }));
    // A call may be the end of its own callback, whose memory is gone then.
    const auto itself = over<cells>().thread([](cells& s) {
        unsigned calls = 0;
        std::unique_ptr<stop_callback<std::function<void()>>> call;
        call = std::make_unique<stop_callback<std::function<void()>>>(s.source.get_token(),
                                                                      [&call, &calls] {
                                                                          ++calls;
                                                                          call.reset();
                                                                      });
        check(s.source.request_stop());
        check(calls == 1 && !call);
    });
    EXPECT_TRUE(explore(itself).findings.empty());
    // One that ends later, where it ran, waits for nothing.
    const auto later = over<cells>().thread([](cells& s) {
        const stop_callback call(s.source.get_token(), [] {});
        check(s.source.request_stop());
    });
    EXPECT_TRUE(explore(later).findings.empty());
}

// A request that is not the first orders nothing: a thread that relies on it has a race.
TEST(StopToken, OnlyTheFirstRequestOrders) {
    const auto p = [](bool asks_the_token) {
        return over<cells>()
            .thread([](cells& s) {
                s.letter.set(1);
                (void)s.source.request_stop();
            })
            .thread([asks_the_token](cells& s) {
                const bool came =
                    asks_the_token ? s.source.stop_requested() : !s.source.request_stop();
                if (came) check(s.letter.get() == 1);
            });
    };
    expect_holds(p(true));
    EXPECT_THAT(explore(p(false)), breaks(finding_kind::data_race));
}

// A wait with a token ends by a request, whenever that comes; one without never does.
TEST(StopToken, EndsAWaitOnAConditionVariable) {
    const auto waits = [](bool with_token) {
        return over<cells>()
            .thread([with_token](cells& s) {
                unique_lock held(s.lock);
                if (with_token)
                    check(!s.changed.wait(held, s.source.get_token(), [] { return false; }));
                else
                    s.changed.wait(held, [&s] { return s.source.stop_requested(); });
            })
            .thread([](cells& s) { (void)s.source.request_stop(); });
    };
    expect_holds(waits(true));
    EXPECT_THAT(explore(waits(false)), breaks(finding_kind::deadlock));
    expect_holds(over<cells>()
                     .thread([](cells& s) {
                         unique_lock held(s.lock);
                         const bool came =
                             s.changed.wait_for(held, s.source.get_token(), std::chrono::seconds(1),
                                                [&s] { return s.x.load(relaxed) == 1; });
                         check(came == (s.x.load(relaxed) == 1));
                     })
                     .thread([](cells& s) { (void)s.source.request_stop(); })
                     .thread([](cells& s) {
                         const lock_guard held(s.lock);
                         s.x.store(1, relaxed);
                         s.changed.notify_all();
                     }));
}

}  // namespace
}  // namespace pidmap_stress::explore
