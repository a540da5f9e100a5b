#include "checkers/linearization/linearizable.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "checkers/linearization/random_history.hpp"

namespace pidmap_stress {
namespace {

operation alloc(worker_nr worker, pid_nr pid, ticks called, ticks returned) {
    return {.worker = worker, .pid = pid, .called = called, .returned = returned};
}
operation failed(worker_nr worker, alloc_error error, ticks called, ticks returned) {
    return {.worker = worker, .error = error, .called = called, .returned = returned};
}
operation other(operation_kind kind, worker_nr worker, pid_nr pid, ticks called, ticks returned) {
    return {.kind = kind, .worker = worker, .pid = pid, .called = called, .returned = returned};
}
operation free(worker_nr worker, pid_nr pid, ticks called, ticks returned) {
    return other(operation_kind::free, worker, pid, called, returned);
}
operation get(worker_nr worker, ticks called, ticks returned) {
    return other(operation_kind::get, worker, 0, called, returned);
}
operation put(worker_nr worker, ticks called, ticks returned) {
    return other(operation_kind::put, worker, 0, called, returned);
}

/// Pids 1 to 3, and the creator's reference.
bool accepts(const std::vector<operation>& history, linearizability_rules rules = {}) {
    rules.lowest_pid_max = 4;
    rules.reserved_pids = 1;
    const linearizability result = judge_linearizable(history, rules);
    EXPECT_TRUE(result.decided);
    for (const finding& one : result.findings) {
        EXPECT_EQ(one.broken, invariant::linearizable);
        EXPECT_FALSE(one.witness.empty()) << to_string(one);
    }
    return result.findings.empty();
}

// --- one pid -------------------------------------------------------------------------------------

// Calls one after another, pid by pid, are explained as they are.
TEST(LinearizableTest, AcceptsASequentialHistory) {
    EXPECT_TRUE(accepts({}));
    EXPECT_TRUE(accepts({alloc(1, 1, 0, 1), alloc(2, 2, 2, 3), free(1, 1, 4, 5), alloc(2, 1, 6, 7),
                         free(1, 2, 8, 9)}));
}

// A pid that is handed out while it is held has two tenants.
TEST(LinearizableTest, RejectsTwoTenants) {
    EXPECT_FALSE(accepts({alloc(1, 1, 0, 1), alloc(2, 1, 2, 3)}));
    EXPECT_FALSE(accepts({alloc(1, 1, 0, 10), alloc(2, 1, 0, 10)}));
}

// A free explains the next alloc only if it was called before that alloc returned.
TEST(LinearizableTest, RejectsAFreeThatCameTooLate) {
    EXPECT_FALSE(accepts({alloc(1, 1, 0, 1), alloc(2, 1, 2, 5), free(1, 1, 6, 7)}));
    EXPECT_TRUE(accepts({alloc(1, 1, 0, 1), alloc(2, 1, 2, 5), free(1, 1, 4, 7)}));
}

// Calls may take effect in another order than they were called or returned in.
TEST(LinearizableTest, AcceptsWhatReorderingExplains) {
    // The second alloc is called first and returns last.
    EXPECT_TRUE(accepts({alloc(1, 1, 0, 20), alloc(2, 1, 2, 4), free(2, 1, 6, 8)}));
    // Three tenants within one long alloc, which is either first or last of all.
    EXPECT_TRUE(accepts({alloc(1, 1, 0, 20), alloc(2, 1, 2, 4), free(2, 1, 5, 6), alloc(3, 1, 7, 8),
                         free(3, 1, 9, 10)}));
}

// The same with one more tenant is beyond every order.
TEST(LinearizableTest, RejectsWhatNoReorderingExplains) {
    EXPECT_FALSE(
        accepts({alloc(1, 1, 0, 20), alloc(2, 1, 2, 4), free(2, 1, 5, 6), alloc(3, 1, 7, 8)}));
    EXPECT_FALSE(
        accepts({alloc(1, 1, 0, 3), alloc(2, 1, 2, 5), free(1, 1, 4, 9), alloc(3, 1, 5, 6)}));
}

// The first choice of the search can be wrong: it takes it back.
TEST(LinearizableTest, BacktracksFromAWrongChoice) {
    // The free that returns first is not the one that must come first.
    EXPECT_TRUE(accepts({alloc(1, 1, 0, 30), free(1, 1, 0, 31), alloc(2, 1, 0, 32),
                         free(2, 1, 0, 29), alloc(3, 1, 0, 28), free(3, 1, 0, 27)}));
}

// A worker cannot free a pid that no allocation returned.
TEST(LinearizableTest, RejectsAFreeOfAFreePid) {
    EXPECT_FALSE(accepts({free(1, 1, 0, 1)}));
    EXPECT_FALSE(accepts({alloc(1, 1, 0, 1), free(1, 1, 2, 3), free(1, 1, 4, 5)}));
    const std::vector<pid_nr> held{1};
    EXPECT_TRUE(accepts({free(1, 1, 0, 1)}, {.initially_held = held}));
    EXPECT_FALSE(accepts({alloc(1, 1, 0, 1)}, {.initially_held = held}));
}

// A pending free may have taken effect, from its call on, but need not have.
TEST(LinearizableTest, APendingFreeExplainsALaterAlloc) {
    EXPECT_TRUE(accepts({alloc(1, 1, 0, 1), free(1, 1, 2, never), alloc(2, 1, 3, 4)}));
    EXPECT_TRUE(accepts({alloc(1, 1, 0, 1), free(1, 1, 2, never)}));
    EXPECT_FALSE(accepts({alloc(1, 1, 0, 1), alloc(2, 1, 3, 4), free(1, 1, 5, never)}));
    // It explains one, not two.
    EXPECT_FALSE(
        accepts({alloc(1, 1, 0, 1), free(1, 1, 2, never), alloc(2, 1, 3, 4), alloc(3, 1, 5, 6)}));
}

// A pending alloc with a known pid explains a free; one without a pid explains none.
TEST(LinearizableTest, APendingAllocExplainsAFreeIfItsPidIsKnown) {
    EXPECT_TRUE(accepts({alloc(1, 1, 0, never), free(2, 1, 3, 4)}));
    EXPECT_TRUE(accepts({alloc(1, 1, 0, never), alloc(2, 1, 3, 4)}));
    EXPECT_FALSE(accepts({alloc(1, 0, 0, never), free(2, 1, 3, 4)}));
}

// Clocks that differ make calls overlap that seem to follow each other.
TEST(LinearizableTest, AllowsForClockSkew) {
    const std::vector history{alloc(1, 1, 0, 1), alloc(2, 1, 2, 5), free(1, 1, 6, 7)};
    EXPECT_FALSE(accepts(history));
    EXPECT_TRUE(accepts(history, {.skew = 1}));
}

// Namespaces are judged apart, and every bad pid has its finding.
TEST(LinearizableTest, FindsEveryBadPid) {
    std::vector history{alloc(1, 1, 0, 1), alloc(2, 1, 2, 3), alloc(1, 2, 4, 5), alloc(2, 2, 6, 7)};
    EXPECT_EQ(judge_linearizable(history, {}).findings.size(), 2U);
    history[1].where.id = 1;
    history[3].where.generation = 1;
    EXPECT_TRUE(accepts(history));
}

// The finding says how far an explanation goes, and what does not fit.
TEST(LinearizableTest, SaysWhatDoesNotFit) {
    const std::vector history{alloc(1, 1, 0, 1), free(1, 1, 2, 3), alloc(1, 1, 4, 5),
                              alloc(2, 1, 6, 7)};
    const auto result = judge_linearizable(history, {});
    ASSERT_EQ(result.findings.size(), 1U);
    EXPECT_EQ(to_string(result.findings[0]),
              "linearizable: no order explains the 4 calls on pid 1: at best 3 of them, then the "
              "pid is held, and none of the next ones fits\n    worker 2: alloc -> 1 [6, 7]");
}

// A search that gives up says so, and finds nothing.
TEST(LinearizableTest, SaysIfItGaveUp) {
    const std::vector history{alloc(1, 1, 0, 1), free(1, 1, 2, 3), alloc(1, 1, 4, 5)};
    const auto result = judge_linearizable(history, {.most_configurations = 2});
    EXPECT_FALSE(result.decided);
    EXPECT_TRUE(result.findings.empty());
}

// --- long histories ------------------------------------------------------------------------------

// Ten thousand overlapping calls are accepted, spread over many pids or all on one.
TEST(LinearizableTest, AcceptsLongHistories) {
    EXPECT_TRUE(accepts(make_random_history({.pids = 500})));
    EXPECT_TRUE(accepts(make_random_history({.workers = 16, .pids = 20})));
    EXPECT_TRUE(accepts(make_random_history({.workers = 16, .pids = 1})));
}

// One lost free among ten thousand calls is found, and only its pid is accused.
TEST(LinearizableTest, FindsOneBadCallInALongHistory) {
    std::vector<operation> history = make_random_history({.pids = 20});
    const auto lost = std::ranges::find_if(history.begin() + 5000, history.end(), [](auto& one) {
        return one.kind == operation_kind::free;
    });
    const operation free = *lost;
    history.erase(lost);
    const auto result = judge_linearizable(history, {});
    ASSERT_EQ(result.findings.size(), 1U);
    ASSERT_FALSE(result.findings[0].witness.empty());
    EXPECT_EQ(result.findings[0].witness[0].pid, free.pid);
}

// --- namespace_dead ------------------------------------------------------------------------------

constexpr auto dead = alloc_error::namespace_dead;

// A namespace is dead once its last pid and its last reference are gone, and not before.
TEST(LinearizableTest, KnowsWhenANamespaceIsDead) {
    EXPECT_TRUE(
        accepts({alloc(1, 1, 0, 1), put(1, 2, 3), free(1, 1, 4, 5), failed(2, dead, 6, 7)}));
    EXPECT_TRUE(
        accepts({alloc(1, 1, 0, 1), put(1, 2, 3), free(1, 1, 6, 8), failed(2, dead, 6, 7)}));
    EXPECT_FALSE(accepts({failed(1, dead, 0, 1)}));
    EXPECT_FALSE(accepts({alloc(1, 1, 0, 1), free(1, 1, 2, 3), failed(2, dead, 6, 7)}));
    EXPECT_FALSE(accepts({alloc(1, 1, 0, 1), put(1, 2, 3), failed(2, dead, 6, 7)}));
}

// A pid or a reference that covers the whole call keeps the namespace alive.
TEST(LinearizableTest, RejectsDeadUnderASureCover) {
    EXPECT_FALSE(
        accepts({alloc(1, 1, 0, 1), put(1, 2, 3), failed(2, dead, 4, 5), free(1, 1, 6, 7)}));
    EXPECT_FALSE(accepts({get(1, 0, 1), put(1, 2, 3), failed(2, dead, 4, 5), put(1, 6, 7)}));
    // Two holders that hand over without a gap count as one.
    EXPECT_FALSE(accepts({alloc(1, 1, 0, 1), put(1, 2, 3), failed(2, dead, 4, 9), alloc(1, 2, 5, 6),
                          free(1, 1, 7, 8), free(1, 2, 10, 11)}));
}

// No call that began after namespace_dead had returned may succeed.
TEST(LinearizableTest, RejectsASuccessAfterDead) {
    EXPECT_FALSE(accepts({put(1, 0, 1), failed(2, dead, 2, 3), alloc(1, 1, 4, 5)}));
    EXPECT_FALSE(accepts({put(1, 0, 9), failed(2, dead, 2, 3), alloc(1, 1, 4, 5)}));
    EXPECT_FALSE(accepts({put(1, 0, 9), failed(2, dead, 2, 3), get(1, 4, 5)}));
    EXPECT_TRUE(
        accepts({put(1, 0, 9), failed(2, dead, 2, 7), alloc(1, 1, 4, 5), free(1, 1, 6, 8)}));
}

// A dead namespace is never revived, even if no caller was told that it is dead.
TEST(LinearizableTest, RejectsARevival) {
    EXPECT_FALSE(accepts({put(1, 0, 1), alloc(2, 1, 2, 3)}));
    EXPECT_TRUE(accepts({put(1, 0, 2), alloc(2, 1, 2, 3)}));
    EXPECT_FALSE(accepts({alloc(1, 1, 0, 1), put(1, 2, 3), free(1, 1, 4, 5), alloc(2, 2, 6, 7)}));
    EXPECT_TRUE(accepts({alloc(1, 1, 0, 1), put(1, 2, 3), free(1, 1, 4, 5), alloc(2, 2, 5, 7)}));
    // A pending allocation may have kept it alive.
    EXPECT_TRUE(accepts({alloc(3, 0, 0, never), put(1, 2, 3), alloc(2, 2, 6, 7)}));
}

// A pending free or put may have been the end, but not before its call.
TEST(LinearizableTest, APendingDropExplainsDead) {
    EXPECT_TRUE(accepts({put(1, 0, never), failed(2, dead, 2, 3)}));
    EXPECT_FALSE(accepts({failed(2, dead, 2, 3), put(1, 4, never)}));
    EXPECT_TRUE(
        accepts({alloc(1, 1, 0, 1), put(1, 2, 3), free(1, 1, 4, never), failed(2, dead, 6, 7)}));
    EXPECT_FALSE(
        accepts({alloc(1, 1, 0, 1), put(1, 2, 3), free(1, 1, 8, never), failed(2, dead, 6, 7)}));
}

// There is a reference for every put; a get that may have come before is enough.
TEST(LinearizableTest, RejectsAPutOfAReferenceThatNobodyHad) {
    EXPECT_TRUE(accepts({put(1, 0, 2), get(2, 2, 4), put(2, 5, 6)}));
    EXPECT_FALSE(accepts({alloc(1, 1, 0, 1), put(1, 2, 3), put(2, 4, 5)}));
    EXPECT_TRUE(accepts({alloc(1, 1, 0, 1), put(1, 2, 3), put(2, 4, 5), get(3, 5, 6)}));
    EXPECT_TRUE(accepts({alloc(1, 1, 0, 1), put(1, 2, 3), put(2, 4, never)}));
}

// A get that fails is as good a witness of death as an alloc.
TEST(LinearizableTest, JudgesFailedGets) {
    operation refused = get(2, 4, 5);
    refused.error = dead;
    EXPECT_FALSE(accepts({refused}));
    EXPECT_TRUE(accepts({put(1, 0, 1), refused}));
}

// --- closed --------------------------------------------------------------------------------------

operation disable(worker_nr worker, ticks called, ticks returned) {
    return other(operation_kind::disable, worker, 0, called, returned);
}

// After a disable has returned no allocation succeeds; one that was under way may.
TEST(LinearizableTest, RejectsAPidFromAClosedNamespace) {
    EXPECT_TRUE(accepts({alloc(1, 1, 0, 1), disable(2, 2, 3), free(1, 1, 4, 5)}));
    EXPECT_FALSE(accepts({disable(1, 0, 1), alloc(2, 1, 2, 3)}));
    EXPECT_TRUE(accepts({disable(1, 0, 2), alloc(2, 1, 2, 3)}));
    EXPECT_TRUE(accepts({disable(1, 0, never), alloc(2, 1, 2, 3)}));
    EXPECT_FALSE(accepts({alloc(2, 1, 2, 3)}, {.initially_closed = true}));
    EXPECT_TRUE(accepts({disable(1, 0, 1), alloc(2, 1, 2, 3)}, {.skew = 1}));
}

// namespace_dead is right from the disable's call on, and nothing else is right after its return.
TEST(LinearizableTest, KnowsWhatAClosedNamespaceSays) {
    EXPECT_TRUE(accepts({disable(1, 0, 5), failed(2, dead, 1, 2)}));
    EXPECT_TRUE(accepts({disable(1, 0, never), failed(2, dead, 1, 2)}));
    EXPECT_FALSE(accepts({failed(2, dead, 0, 1), disable(1, 2, 3)}));
    EXPECT_FALSE(accepts({disable(1, 0, 1), failed(2, alloc_error::no_memory, 2, 3)}));
    EXPECT_FALSE(accepts({disable(1, 0, 1), failed(2, alloc_error::exhausted, 2, 3)}));
    EXPECT_TRUE(accepts({failed(2, dead, 0, 1)}, {.initially_closed = true}));
    // A closed namespace is not dead: references on it can be taken.
    operation refused = get(2, 2, 3);
    refused.error = dead;
    EXPECT_FALSE(accepts({disable(1, 0, 1), refused}));
}

// The answers separate the calls before the closing from those after it, even before disable
// returns.
TEST(LinearizableTest, RejectsASuccessAfterSomebodyWasToldOfTheClosing) {
    EXPECT_FALSE(accepts({disable(1, 0, 9), failed(2, dead, 1, 2), alloc(3, 1, 3, 4)}));
    EXPECT_TRUE(accepts({disable(1, 0, 9), failed(2, dead, 1, 3), alloc(3, 1, 3, 4)}));
    // The pid was freed too late for an allocation that came before the closing.
    EXPECT_FALSE(
        accepts({alloc(1, 1, 0, 1), alloc(2, 1, 2, 20), disable(3, 4, 6), free(1, 1, 8, 9)}));
    EXPECT_TRUE(
        accepts({alloc(1, 1, 0, 1), alloc(2, 1, 2, 20), disable(3, 4, 9), free(1, 1, 8, 9)}));
}

// One disable closes, and the others say that it was closed.
TEST(LinearizableTest, RejectsTwoClosings) {
    operation late = disable(2, 2, 3);
    EXPECT_FALSE(accepts({disable(1, 0, 1), late}));
    late.error = dead;
    EXPECT_TRUE(accepts({disable(1, 0, 1), late}));
    EXPECT_FALSE(accepts({late, disable(1, 4, 5)}));
    EXPECT_FALSE(accepts({late}));
}

// --- exhausted and no_memory ---------------------------------------------------------------------

constexpr auto exhausted = alloc_error::exhausted;

// A full map is exhausted; alone, with an eligible pid free, it is not.
TEST(LinearizableTest, JudgesExhaustedIfNothingOverlaps) {
    const std::vector full{alloc(1, 1, 0, 1), alloc(1, 2, 2, 3), alloc(1, 3, 4, 5)};
    std::vector history = full;
    history.push_back(failed(1, exhausted, 8, 9));
    EXPECT_TRUE(accepts(history));
    history.push_back(free(1, 2, 6, 7));
    EXPECT_FALSE(accepts(history));
}

// While another call overlaps it, exhausted is advisory.
TEST(LinearizableTest, ExhaustedIsAdvisoryInACrowd) {
    const std::vector history{alloc(1, 1, 0, 1), failed(1, exhausted, 4, 6)};
    EXPECT_FALSE(accepts(history));
    for (const operation& crowd : {alloc(2, 2, 3, 4), free(2, 1, 6, 7), put(2, 5, 5),
                                   alloc(2, 0, 2, never), failed(2, exhausted, 3, 8)}) {
        std::vector<operation> crowded = history;
        crowded.push_back(crowd);
        EXPECT_TRUE(accepts(crowded)) << to_string(crowd);
    }
}

// By design a call does not return the last_pid it read: that one free pid may be missed.
TEST(LinearizableTest, ExhaustedMayMissTheLastPid) {
    const std::vector history{alloc(1, 1, 0, 1), alloc(1, 2, 2, 3), alloc(1, 3, 4, 5),
                              free(1, 3, 6, 7), failed(1, exhausted, 8, 9)};
    EXPECT_TRUE(accepts(history));
    // It is unknown which of two overlapping allocations was the last.
    EXPECT_TRUE(accepts({alloc(1, 1, 0, 1), alloc(1, 2, 2, 5), alloc(2, 3, 4, 6), free(1, 2, 7, 8),
                         failed(1, exhausted, 9, 10)}));
    EXPECT_FALSE(accepts({alloc(1, 1, 0, 1), alloc(1, 2, 2, 3), alloc(2, 3, 4, 6), free(1, 2, 7, 8),
                          failed(1, exhausted, 9, 10)}));
}

// A call that got a pid and gave it back, as an ancestor had none, may have left the hint there.
TEST(LinearizableTest, ACallThatGaveItsPidBackMayHaveMovedTheHint) {
    const std::vector history{alloc(1, 1, 0, 1), alloc(1, 2, 2, 3),
                              failed(2, alloc_error::no_memory, 4, 5), failed(1, exhausted, 6, 7)};
    EXPECT_TRUE(accepts(history)) << "pid 3 is free, and may be where the hint is";
    EXPECT_FALSE(accepts({history[0], history[2], history[3]})) << "there are two";
}

// Pids below reserved_pids are not searched after a wrap, and pids from pid_max on never.
TEST(LinearizableTest, ExhaustedGoesByEligiblePids) {
    const std::vector history{alloc(1, 5, 0, 1), alloc(1, 6, 2, 3), failed(1, exhausted, 4, 5)};
    const auto judged = [&history](pid_nr reserved_pids, pid_nr pid_max) {
        return judge_linearizable(history,
                                  {.lowest_pid_max = pid_max, .reserved_pids = reserved_pids})
            .findings.empty();
    };
    EXPECT_TRUE(judged(5, 7));
    EXPECT_FALSE(judged(4, 7));
    EXPECT_FALSE(judged(5, 8));
    EXPECT_TRUE(judged(0, 0));
}

// no_memory changes nothing and is always legal.
TEST(LinearizableTest, NoMemoryIsAlwaysLegal) {
    EXPECT_TRUE(accepts({failed(1, alloc_error::no_memory, 0, 1), alloc(1, 1, 2, 3)}));
}

}  // namespace
}  // namespace pidmap_stress
