// Clients: all of them, each once, and what they show.

#include "harness/programs/clients/clients.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string>

#include "harness/programs/clients/explore_clients.hpp"

namespace pidmap_stress::explore {
namespace {

using ::testing::IsSupersetOf;
using ::testing::Not;
using ::testing::UnorderedElementsAre;

std::vector<std::string> calls_of(const client_kind& kind, unsigned threads, unsigned calls,
                                  std::string_view start,
                                  client_family family = client_family::pids) {
    std::vector<std::string> all;
    for (const script& one : clients_of(kind, family, threads, calls))
        if (const std::string text = to_string(one); text.starts_with(start))
            all.push_back(text.substr(start.size()));
    return all;
}

// Written down by hand.
TEST(Clients, AreThoseThatThereAre) {
    const client_kind kind{.how = discipline::reference, .nests = true};
    EXPECT_THAT(calls_of(kind, 1, 1, "reference/calls/2x4/max8/last0!g*300/"),
                UnorderedElementsAre("=a", "=g", "=p"));
    EXPECT_THAT(calls_of(kind, 1, 1, "reference/calls/2x4/max8/last0/"),
                UnorderedElementsAre("=a", "=g", "=p", "=x"));
    // After the put nothing is allowed, and a pid that was allocated can be freed.
    EXPECT_THAT(calls_of({.how = discipline::reference}, 1, 2, "reference/calls/2x4/max8/last0/"),
                UnorderedElementsAre("=aa", "=af0", "=ag", "=ap", "=ga", "=gg", "=gp"));
    // Where two threads are alike, it does not matter which is which.
    EXPECT_THAT(calls_of({.how = discipline::reference}, 2, 2, "reference/calls/2x4/max8/last0/"),
                UnorderedElementsAre("=a+=a", "=a+=g", "=a+=p", "=g+=g", "=g+=p", "=p+=p"));
    // Here they are not alike: one has the only pid of page 1.
    EXPECT_THAT(calls_of({.how = discipline::lookup}, 2, 2, "lookup/calls/2x4/max8/last4/"),
                IsSupersetOf({"4=a+=a", "4=f0+=a", "4=g+=a"}));
}

// Likewise, with a child, and with objects.
TEST(Clients, HaveChildrenAndObjects) {
    const client_kind kind{.how = discipline::reference, .nests = true};
    const auto nested = [&](unsigned threads, unsigned calls, std::string_view start) {
        return calls_of(kind, threads, calls, start, client_family::nested);
    };
    EXPECT_THAT(nested(1, 1, "reference/calls/2x4/max8/last0/"), UnorderedElementsAre("=~1n"));
    // The child that it created, and the namespace above: a thread has a reference on each.
    EXPECT_THAT(nested(1, 2, "reference/calls/2x4/max8/last0/=~1n"),
                UnorderedElementsAre("a", "a@1", "n", "n@1", "p", "p@1", "x", "x@1"));
    EXPECT_THAT(nested(1, 3, "reference/calls/2x4/max8/last0/=~1na@1"),
                UnorderedElementsAre("a", "a@1", "b@1", "f0", "n", "n@1", "p", "p@1", "x", "x@1"));
    EXPECT_THAT(nested(1, 1, "reference/calls/2x4/max8/last0!n/"),
                UnorderedElementsAre("=a", "=a@1", "=g@1", "=n@1", "=p@1", "=x@1"));
    EXPECT_THAT(nested(1, 1, "reference/calls/2x4/max8/last0!na*7f0/"),
                UnorderedElementsAre("=a@1"));
    EXPECT_THAT(nested(1, 1, "reference/calls/2x4/max8/last0!o/"),
                UnorderedElementsAre("1=~1f0", "1=~1i1", "1=~1k0", "1=~1l0", "1=~1o", "1=~1p"));
    // One of two allocations may find no memory, and then the child can be abandoned.
    EXPECT_THAT(nested(1, 4, "reference/calls/2x4/max8/last0/=~1na@1a@1"),
                IsSupersetOf({"b@1", "f1"}));
    // Each thread knows its own children by other numbers, and they are alike all the same.
    const auto two = nested(2, 4, "reference/calls/2x4/max8/last0!n/");
    EXPECT_THAT(two, IsSupersetOf({"=n@1p@2+=n@1p@3", "=n@1a@2+=n@1p@3"}));
    EXPECT_THAT(two, Not(IsSupersetOf({"=n@1p@2+=n@1a@3"})));
    EXPECT_TRUE(clients_of({.how = discipline::reference}, client_family::nested, 1, 1).empty());
    EXPECT_TRUE(clients_of({.how = discipline::lookup, .nests = true}, client_family::nested, 1, 1)
                    .empty());
}

TEST(Clients, CanBeExploredAndAreDifferent) {
    for (int how = 0; how < discipline_count; ++how)
        for (const unsigned bits : {4U, 8U}) {
            const client_kind kind{
                .how = static_cast<discipline>(how), .bits = bits, .nests = true};
            std::set<std::string> seen;
            for (unsigned threads = 1; threads <= most_client_threads; ++threads)
                for (const client_family family : client_families)
                    for (unsigned calls = 1; calls <= 4; ++calls)
                        for (const script& one : clients_of(kind, family, threads, calls)) {
                            EXPECT_FALSE(why_not(one)) << to_string(one);
                            EXPECT_EQ(one.calls(), calls);
                            EXPECT_EQ(one.threads.size(), threads);
                            EXPECT_TRUE(seen.insert(to_string(one)).second) << to_string(one);
                        }
            EXPECT_GT(seen.size(), 500U);
        }
}

TEST(Clients, ThatAreRandomAreTheSameForTheSameKey) {
    std::set<std::string> seen;
    for (std::uint64_t key = 0; key < 200; ++key) {
        const client_kind kind{.how = static_cast<discipline>(key % 3), .nests = key % 2 == 0};
        const script one = random_client(kind, 4, key);
        EXPECT_FALSE(why_not(one)) << to_string(one);
        EXPECT_EQ(to_string(one), to_string(random_client(kind, 4, key)));
        seen.insert(to_string(one));
    }
    EXPECT_GT(seen.size(), 150U);
}

clients_verdict explore_all(std::string_view variant, discipline how, unsigned calls,
                            unsigned jobs = 1) {
    return explore_clients(*find_explored_variant(variant), how, {.calls = calls, .jobs = jobs});
}

// A sound variant holds for each client, and a broken one breaks in a smallest one.
TEST(ExploreClients, ProvesWhatIsSound) {
    for (const std::string_view variant : {"sound", "per_pid"})
        for (int how = 0; how < discipline_count; ++how) {
            const clients_verdict seen = explore_all(variant, static_cast<discipline>(how), 2);
            EXPECT_TRUE(seen.broken.empty()) << variant << ": " << seen.broken[0].token;
            EXPECT_TRUE(seen.as_expected());
            EXPECT_EQ(seen.complete_up_to(client_family::pids, 1), 2U);
            EXPECT_EQ(seen.complete_up_to(client_family::pids, 2), 2U);
            EXPECT_EQ(seen.complete_up_to(client_family::pids, 3), 0U)
                << "they have three calls at least";
            EXPECT_GT(seen.executions, 100U);
        }
}

TEST(ExploreClients, FindsTheSmallestThatBreaks) {
    const clients_verdict seen = explore_all("symmetric", discipline::lookup, 5);
    ASSERT_FALSE(seen.broken.empty());
    EXPECT_EQ(seen.levels.back().calls, 2U);
    EXPECT_TRUE(std::ranges::any_of(seen.broken, [](const broken_invariant& one) {
        return one.which == invariant::reference_covers_pages;
    }));
    for (const explored_case& one : seen.broken_in) EXPECT_EQ(one.calls->calls(), 2U);
    EXPECT_TRUE(seen.as_expected()) << "it is known to";
}

TEST(ExploreClients, ShowsTheSameWithAnyNumberOfJobs) {
    for (const std::string_view variant : {"sound", "as_posted"}) {
        const clients_verdict one = explore_all(variant, discipline::member, 2, 1);
        const clients_verdict two = explore_all(variant, discipline::member, 2, 2);
        EXPECT_EQ(one.executions, two.executions);
        ASSERT_EQ(one.broken.size(), two.broken.size());
        for (std::size_t i = 0; i < one.broken.size(); ++i)
            EXPECT_EQ(one.broken[i].token, two.broken[i].token);
    }
}

// A client that was not explored to its end proves nothing.
TEST(ExploreClients, IsNoProofIfItIsCutShort) {
    std::atomic<std::uint64_t> runs{0};
    watch ended(runs, std::nullopt, []() noexcept { return true; });
    const clients_verdict seen = explore_clients(
        *find_explored_variant("sound"), discipline::member, {.calls = 2, .watched = &ended});
    EXPECT_TRUE(seen.cut_short);
    EXPECT_EQ(seen.complete_up_to(client_family::pids, 1), 0U);
    const clients_verdict truncated = explore_clients(
        *find_explored_variant("sound"), discipline::lookup, {.calls = 2, .budget = 3});
    EXPECT_EQ(truncated.complete_up_to(client_family::pids, 2), 0U);
    EXPECT_GT(truncated.levels.back().partly, 0U);
}

TEST(ExploreClients, ThatAreRandomFindWhatBreaks) {
    const clients_verdict seen = explore_random_clients(*find_explored_variant("symmetric"),
                                                        discipline::lookup, {.jobs = 2});
    ASSERT_FALSE(seen.broken.empty());
    const clients_verdict none = explore_random_clients(*find_explored_variant("sound"),
                                                        discipline::lookup, {.executions = 5'000});
    EXPECT_TRUE(none.broken.empty());
    EXPECT_GE(none.executions, 5'000U);
}

}  // namespace
}  // namespace pidmap_stress::explore
