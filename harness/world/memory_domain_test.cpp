// Each test has a process of its own, as a trial has: a domain is opened once, and some of them
// die.

#include "harness/world/memory_domain.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <csignal>
#include <cstring>
#include <vector>

#include "harness/explorer/run/sanitizers.hpp"
#include "harness/testing/child.hpp"
#include "harness/world/fault_handler.hpp"
#include "harness/world/read_side.hpp"
#include "harness/world/worker_identity.hpp"

#define SKIP_UNDER_SANITIZERS() \
    if (under_sanitizer) GTEST_SKIP() << "the heap is used here, and the sanitizer watches it"

namespace pidmap_stress::memory_domain {
namespace {

using pidmap_stress::testing::child_end;
using pidmap_stress::testing::in_child;
using ::testing::HasSubstr;

constexpr std::uint32_t never = UINT32_MAX;
/// This many ended objects are made inaccessible whatever the settings are.
constexpr int always_guarded = 16;

[[nodiscard]] unsigned char* take_page() {
    return static_cast<unsigned char*>(take(4096, object_kind::page));
}
void give_page_back(void* memory) {
    give_back(memory, 4096, object_kind::page);
}
/// From here on, objects that end are filled with poison, and stay accessible.
void use_up_the_first_guards() {
    for (int n = 0; n < always_guarded; ++n) give_page_back(take_page());
}
void touch(unsigned char* at) {
    *const_cast<volatile unsigned char*>(at) = 1;
}

// Memory that was taken can be used, and is counted by kind.
TEST(MemoryDomainTest, GivesMemoryAndCountsIt) {
    const child_end end = in_child([] {
        ASSERT_TRUE(open({}));
        std::vector<unsigned char*> pages;
        for (int n = 0; n < 200; ++n) {
            pages.push_back(take_page());
            ASSERT_NE(pages.back(), nullptr);
            std::memset(pages.back(), n, 4096);
        }
        for (int n = 0; n < 200; ++n) EXPECT_EQ(pages[static_cast<std::size_t>(n)][4095], n);
        void* const ns = take(1000, object_kind::pid_namespace);
        give_back(ns, 1000, object_kind::pid_namespace);
        give_page_back(pages[0]);
        const object_counts seen = counts();
        EXPECT_THAT(seen.created, ::testing::ElementsAre(1U, 200U, 0U, 0U));
        EXPECT_THAT(seen.destroyed, ::testing::ElementsAre(1U, 1U, 0U, 0U));
    });
    EXPECT_TRUE(end.good());
    EXPECT_EQ(end.findings(), 0U);
}

// A touch of a guarded object faults, and is a finding that says which worker touched which byte of
// what.
TEST(MemoryDomainTest, ATouchOfAGuardedObjectIsAFinding) {
    SKIP_UNDER_SANITIZERS();
    const child_end end = in_child([] {
        ASSERT_TRUE(open({.guard_one_in = 1}));
        install_fault_handler();
        self.slot = 3;
        unsigned char* const page = take_page();
        give_page_back(page);
        touch(page + 100);
        ADD_FAILURE() << "it came back";
    });
    EXPECT_TRUE(end.good());
    EXPECT_EQ(end.times(invariant::no_use_after_release), 1U);
    EXPECT_EQ(end.text(), "worker 3 touched byte 100 of a released page of bits");
}

// So is a touch of any part of an object that is larger than one block.
TEST(MemoryDomainTest, ATouchOfALargeObjectsEndIsAFinding) {
    SKIP_UNDER_SANITIZERS();
    const child_end end = in_child([] {
        ASSERT_TRUE(open({.guard_one_in = never}));
        install_fault_handler();
        use_up_the_first_guards();
        auto* const large = static_cast<unsigned char*>(take(10'000, object_kind::pid_namespace));
        touch(large + 9'999);
        give_back(large, 10'000, object_kind::pid_namespace);
        touch(large + 9'999);
        ADD_FAILURE() << "it came back";
    });
    EXPECT_TRUE(end.good());
    ASSERT_EQ(end.times(invariant::no_use_after_release), 1U);
    EXPECT_THAT(end.text(), HasSubstr("touched byte 9999 of a released namespace"));
}

// A pointer that was read from released memory and followed is a finding too: it is poison.
TEST(MemoryDomainTest, APointerMadeOfPoisonIsAFinding) {
    SKIP_UNDER_SANITIZERS();
#if !defined(__x86_64__)
    GTEST_SKIP() << "the registers of this machine are not looked at";
#endif
    const child_end end = in_child([] {
        ASSERT_TRUE(open({.guard_one_in = never}));
        install_fault_handler();
        use_up_the_first_guards();
        unsigned char* const page = take_page();
        give_page_back(page);
        unsigned char* stale = nullptr;
        std::memcpy(&stale, page + 64, sizeof stale);
        touch(stale + 8);
        ADD_FAILURE() << "it came back";
    });
    EXPECT_TRUE(end.good());
    ASSERT_EQ(end.times(invariant::no_use_after_release), 1U);
    EXPECT_THAT(end.text(), HasSubstr("followed a pointer"));
}

// A fault that has nothing to do with released objects ends the process by its signal.
TEST(MemoryDomainTest, AnyOtherFaultIsACrash) {
    SKIP_UNDER_SANITIZERS();
    const child_end end = in_child([] {
        ASSERT_TRUE(open({}));
        install_fault_handler();
        touch(nullptr);
    });
    ASSERT_TRUE(WIFSIGNALED(end.status));
    EXPECT_EQ(WTERMSIG(end.status), SIGSEGV);
    EXPECT_EQ(end.findings(), 0U);
}

// What is known of an address: ended objects are known, live ones and other addresses are not.
TEST(MemoryDomainTest, ExplainsAddresses) {
    SKIP_UNDER_SANITIZERS();
    const child_end end = in_child([] {
        ASSERT_TRUE(open({.guard_one_in = 1}));
        unsigned char* const page = take_page();
        EXPECT_FALSE(explain(page).ended);
        give_page_back(page);
        EXPECT_TRUE(explain(page + 4095).ended);
        EXPECT_EQ(explain(page + 4095).kind, object_kind::page);
        EXPECT_EQ(explain(page + 4095).offset, 4095U);
        EXPECT_FALSE(explain(&page).ended);
        EXPECT_FALSE(explain(nullptr).ended);
    });
    EXPECT_TRUE(end.good());
}

// A write into a poisoned object is found by the inspection, with its place.
TEST(MemoryDomainTest, AWriteIntoAPoisonedObjectIsFoundByInspection) {
    SKIP_UNDER_SANITIZERS();
    const child_end end = in_child([] {
        ASSERT_TRUE(open({.guard_one_in = never}));
        use_up_the_first_guards();
        unsigned char* const page = take_page();
        give_page_back(page);
        inspect_quarantine();
        EXPECT_EQ(current_board()->findings_reported, 0U) << "nothing has touched it yet";
        touch(page + 77);
        inspect_quarantine();
    });
    EXPECT_TRUE(end.good());
    EXPECT_EQ(end.times(invariant::no_use_after_release), 1U);
    EXPECT_EQ(end.text(), "a released page of bits was written to afterwards, at its byte 77");
}

// A write into a poisoned object is found when its memory is about to be used again.
TEST(MemoryDomainTest, AWriteIntoAPoisonedObjectIsFoundWhenItLeavesQuarantine) {
    SKIP_UNDER_SANITIZERS();
    const child_end end = in_child([] {
        ASSERT_TRUE(open({.guard_one_in = never}));
        use_up_the_first_guards();
        unsigned char* const page = take_page();
        give_page_back(page);
        touch(page);
        for (int n = 0; n < 1000 && current_board()->findings_reported == 0; ++n)
            give_page_back(take_page());
    });
    EXPECT_TRUE(end.good());
    EXPECT_EQ(end.times(invariant::no_use_after_release), 1U);
}

// Memory is reused: a long run of objects takes no more than the quarantine holds.
TEST(MemoryDomainTest, UsesMemoryAgain) {
    SKIP_UNDER_SANITIZERS();
    const child_end end = in_child([] {
        ASSERT_TRUE(open({}));
        std::vector<unsigned char*> seen;
        for (int n = 0; n < 10'000; ++n) {
            unsigned char* const page = take_page();
            touch(page);
            seen.push_back(page);
            give_page_back(page);
        }
        std::ranges::sort(seen);
        EXPECT_LT(std::unique(seen.begin(), seen.end()) - seen.begin(), 200);
    });
    EXPECT_TRUE(end.good());
    EXPECT_EQ(end.findings(), 0U);
}

int ended = 0;
int unpublished = 0;
void end_page(void* memory) noexcept {
    ++ended;
    give_page_back(memory);
}

// The owner of a namespace learns of its release, once, before its end; and it ends once.
TEST(MemoryDomainTest, ARetirementIsToldToTheOwner) {
    const child_end end = in_child([] {
        ASSERT_TRUE(open({}));
        release_record owner;
        owner.unpublish = [](release_record&) noexcept {
            EXPECT_EQ(ended, 0);
            ++unpublished;
        };
        void* const memory = take_page();
        set_owner(memory, &owner);
        retire(memory, end_page);
        EXPECT_EQ(owner.releases, 1U);
        EXPECT_EQ(unpublished, 1);
        EXPECT_EQ(ended, 1);
    });
    EXPECT_TRUE(end.good());
    EXPECT_EQ(end.findings(), 0U);
}

// A second release is a finding, and nothing is ended twice.
TEST(MemoryDomainTest, ASecondRetirementIsAFinding) {
    const child_end end = in_child([] {
        // Deferred, so that the memory is still there: what a second release does when it is not
        // is for the tests above.
        ASSERT_TRUE(open({.deferred_release = true}));
        static release_record owner;
        owner.id = 12;
        void* const memory = take_page();
        set_owner(memory, &owner);
        const read_side::section reading;
        retire(memory, end_page);
        retire(memory, end_page);
    });
    EXPECT_TRUE(end.good());
    EXPECT_EQ(end.times(invariant::released_once), 1U);
    EXPECT_EQ(end.text(), "namespace 12 was released again");
}

// Objects that share a record, as the pid objects of one namespace do, are released once each.
TEST(MemoryDomainTest, ObjectsMayShareARecord) {
    SKIP_UNDER_SANITIZERS();
    const child_end end = in_child([] {
        ASSERT_TRUE(open({}));
        static release_record shared{.shared = true};
        std::array<void*, 3> objects{};
        for (void*& one : objects) {
            one = take(100, object_kind::pid_object);
            set_owner(one, &shared);
        }
        const auto end_object = [](void* memory) noexcept {
            give_back(memory, 100, object_kind::pid_object);
        };
        const read_side::section reading;
        for (void* const one : objects) retire(one, end_object, object_kind::pid_object);
        EXPECT_EQ(current_board()->findings_reported, 0U);
        EXPECT_EQ(counts().destroyed[2], 0U) << "pid objects wait for readers at all times";
        retire(objects[1], end_object, object_kind::pid_object);
    });
    EXPECT_TRUE(end.good());
    EXPECT_EQ(end.times(invariant::released_once), 1U);
    EXPECT_EQ(end.text(), "a pid object was released again");
}

/// Retires `left` namespaces, each from a frame of its own below the last one's.
[[gnu::noinline]] void retire_recursively(int left) {
    std::array<volatile char, 64> frame{};
    frame[0] = 1;
    retire(take_page(), end_page);
    if (left > 1) retire_recursively(left - 1);
    frame[1] = frame[0];
}

// A call that releases namespaces in a recursion is found, one that does it in a loop is not; and
// releases in different calls are independent of each other.
TEST(MemoryDomainTest, ARecursionIsFoundByItsStack) {
    const auto times = [](bool recursive, bool one_call) {
        const child_end end = in_child([recursive, one_call] {
            ASSERT_TRUE(open({}));
            self.releases.begin();
            if (recursive && one_call) return retire_recursively(32);
            for (int n = 0; n < 32; ++n) {
                if (!one_call) self.releases.begin();
                if (recursive)
                    retire_recursively(1 + n % 3);
                else
                    retire(take_page(), end_page);
            }
        });
        EXPECT_TRUE(end.good());
        return end.times(invariant::bounded_stack);
    };
    EXPECT_EQ(times(true, true), 1U);
    EXPECT_EQ(times(false, true), 0U);
    EXPECT_EQ(times(true, false), 0U);
}

// Memory of many blocks is reused too.
TEST(MemoryDomainTest, UsesTheMemoryOfLargeObjectsAgain) {
    SKIP_UNDER_SANITIZERS();
    const child_end end = in_child([] {
        ASSERT_TRUE(open({}));
        std::vector<unsigned char*> seen;
        for (int n = 0; n < 100; ++n) {
            auto* const part = static_cast<unsigned char*>(take(65'536, object_kind::table_part));
            touch(part + 65'535);
            seen.push_back(part);
            give_back(part, 65'536, object_kind::table_part);
            EXPECT_TRUE(explain(part + 65'535).ended);
        }
        std::ranges::sort(seen);
        EXPECT_LT(std::unique(seen.begin(), seen.end()) - seen.begin(), 10);
    });
    EXPECT_TRUE(end.good());
    EXPECT_EQ(end.findings(), 0U);
}

// With deferred release, an object ends when the readers have left, and not before.
TEST(MemoryDomainTest, DeferredReleaseWaitsForReaders) {
    const child_end end = in_child([] {
        ASSERT_TRUE(open({.deferred_release = true}));
        unsigned char* const page = take_page();
        {
            const read_side::section reading;
            retire(page, end_page);
            touch(page);  // Still there.
        }
        read_side::drain();
        EXPECT_EQ(ended, 1);
        EXPECT_EQ(counts().destroyed[1], 1U);
    });
    EXPECT_TRUE(end.good());
    EXPECT_EQ(end.findings(), 0U);
}

// One given allocation is made to fail, and no other.
TEST(MemoryDomainTest, TheNthAllocationIsMadeToFail) {
    const child_end end = in_child([] {
        ASSERT_TRUE(open({}));
        self.fail_in = 3;
        EXPECT_NE(take_page(), nullptr);
        EXPECT_NE(take_page(), nullptr);
        EXPECT_EQ(take_page(), nullptr);
        EXPECT_NE(take_page(), nullptr);
        EXPECT_EQ(self.fail_in, 0U);
        EXPECT_EQ(counts().created[1], 3U);
    });
    EXPECT_TRUE(end.good());
}

// Injected failures come as often as configured, give no memory and do not count.
TEST(MemoryDomainTest, FailuresAreInjected) {
    const child_end end = in_child([] {
        ASSERT_TRUE(open({}));
        self.faults = rng(1);
        self.fail_one_in = 1;
        EXPECT_EQ(take_page(), nullptr);
        EXPECT_EQ(counts().created[1], 0U);
        self.fail_one_in = 4;
        std::uint64_t taken = 0;
        for (int n = 0; n < 400; ++n)
            if (unsigned char* const page = take_page()) {
                ++taken;
                give_page_back(page);
            }
        EXPECT_GT(taken, 250U);
        EXPECT_LT(taken, 350U);
        EXPECT_EQ(counts().created[1], taken);
        self.fail_one_in = 0;
        EXPECT_NE(take_page(), nullptr);
    });
    EXPECT_TRUE(end.good());
}

}  // namespace
}  // namespace pidmap_stress::memory_domain
