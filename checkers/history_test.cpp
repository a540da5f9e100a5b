#include "checkers/history.hpp"

#include <gmock/gmock.h>

namespace pidmap_stress {
namespace {

using testing::ElementsAre;
using testing::Field;
using testing::IsEmpty;

operation alloc(worker_nr worker, pid_nr pid, ticks called, ticks returned) {
    return {.worker = worker, .pid = pid, .called = called, .returned = returned};
}
operation free(worker_nr worker, pid_nr pid, ticks called, ticks returned) {
    return {.kind = operation_kind::free,
            .worker = worker,
            .pid = pid,
            .called = called,
            .returned = returned};
}
auto span_is(ticks from, ticks until) {
    return testing::AllOf(Field(&tenancy::from, from), Field(&tenancy::until, until));
}

// A tenancy runs from alloc's return to free's call, and without a free it lasts.
TEST(HistoryTest, DerivesTenancies) {
    const std::vector history{alloc(1, 7, 0, 10), free(2, 7, 20, 30), alloc(1, 7, 25, 40),
                              alloc(1, 8, 50, 60)};
    EXPECT_THAT(tenancies_of(history, 0),
                ElementsAre(span_is(10, 20), span_is(40, never), span_is(60, never)));
}

// Both ends of a tenancy give way by the clock skew, and a span that is then empty is left out.
TEST(HistoryTest, ShortensTenanciesByTheSkew) {
    const std::vector history{alloc(1, 7, 0, 10), free(2, 7, 20, 30)};
    EXPECT_THAT(tenancies_of(history, 3), ElementsAre(span_is(13, 17)));
    EXPECT_THAT(tenancies_of(history, 5), IsEmpty());
}

// By skewed clocks a pid may seem freed a little before it was allocated: that is its free.
TEST(HistoryTest, MatchesAFreeThatSeemsTooEarly) {
    const std::vector history{alloc(1, 7, 0, 10), free(2, 7, 9, 12)};
    EXPECT_THAT(tenancies_of(history, 0), ElementsAre(span_is(10, never)));
    EXPECT_THAT(tenancies_of(history, 1), IsEmpty());
}

// Calls that failed or did not return hold nothing.
TEST(HistoryTest, CountsOnlySuccessfulAllocations) {
    std::vector history{alloc(1, 0, 0, 10), alloc(1, 7, 10, never)};
    history[0].error = alloc_error::exhausted;
    EXPECT_THAT(tenancies_of(history, 0), IsEmpty());
}

// The same pid of two namespaces is two pids.
TEST(HistoryTest, KeepsNamespacesApart) {
    std::vector history{alloc(1, 7, 0, 10), free(1, 7, 20, 30)};
    history[1].where = {.id = 1};
    EXPECT_THAT(tenancies_of(history, 0), ElementsAre(span_is(10, never)));
    EXPECT_EQ(split_by_namespace(history).size(), 2U);
}

// Time stamps saturate, and `never` stays `never`.
TEST(HistoryTest, ShiftsTimes) {
    EXPECT_EQ(later(5, 2), 7U);
    EXPECT_EQ(later(never - 1, 2), never);
    EXPECT_EQ(earlier(5, 7), 0U);
    EXPECT_EQ(earlier(never, 7), never);
}

// An operation prints on one line, with all of its fields that are set.
TEST(HistoryTest, PrintsOperations) {
    EXPECT_EQ(to_string(alloc(2, 17, 104, 120)), "worker 2: alloc -> 17 [104, 120]");
    EXPECT_EQ(to_string(free(2, 17, 104, never)), "worker 2: free(17) [104, pending]");
    EXPECT_EQ(to_string(operation{.where = {.id = 3, .generation = 9},
                                  .error = alloc_error::namespace_dead,
                                  .returned = 1}),
              "worker 0: alloc -> namespace_dead in namespace 3.9 [0, 1]");
}

}  // namespace
}  // namespace pidmap_stress
