#include "harness/world/read_side.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

#include "harness/testing/child.hpp"

namespace pidmap_stress::read_side {
namespace {

using pidmap_stress::testing::in_child;

std::atomic<int> ended{0};
void end_one(void*) noexcept {
    ended.fetch_add(1);
}

// Work that is deferred while a reader is inside is done after it has left, and drain() waits for
// it.
TEST(ReadSideTest, DeferredWorkWaitsForAReaderThatIsInside) {
    const auto end = in_child([] {
        std::atomic<bool> inside{false};
        std::atomic<bool> deferred{false};
        std::atomic<bool> leaving{false};
        std::jthread reader([&] {
            const section reading;
            inside = true;
            while (!deferred) std::this_thread::yield();
            // Plenty of opportunity to do it too early.
            for (int n = 0; n < 1000; ++n) std::this_thread::yield();
            EXPECT_EQ(ended, 0);
            leaving = true;
        });
        while (!inside) std::this_thread::yield();
        defer(nullptr, end_one);
        deferred = true;
        drain();
        EXPECT_TRUE(leaving);
        EXPECT_EQ(ended, 1);
    });
    EXPECT_TRUE(end.good());
}

// Sections nest: only leaving the outermost one lets deferred work continue.
TEST(ReadSideTest, SectionsNest) {
    const auto end = in_child([] {
        {
            const section outer;
            {
                const section inner;
            }
            defer(nullptr, end_one);
            for (int n = 0; n < 1000; ++n) std::this_thread::yield();
            EXPECT_EQ(ended, 0);
        }
        drain();
        EXPECT_EQ(ended, 1);
    });
    EXPECT_TRUE(end.good());
}

// drain() without deferred work returns, and so does a second one.
TEST(ReadSideTest, DrainingNothingReturns) {
    const auto end = in_child([] {
        drain();
        defer(nullptr, end_one);
        drain();
        drain();
        EXPECT_EQ(ended, 1);
    });
    EXPECT_TRUE(end.good());
}

// With many threads that read and defer, everything is done once, and no reader sees an object
// after its end.
TEST(ReadSideTest, ManyThreadsReadAndDefer) {
    const auto end = in_child([] {
        constexpr int threads = 4;
        constexpr int rounds = 200;
        struct object {
            std::atomic<bool> over{false};
        };
        std::atomic<object*> shared{new object};
        {
            std::vector<std::jthread> all;
            for (int t = 0; t < threads; ++t)
                all.emplace_back([&] {
                    for (int n = 0; n < rounds; ++n) {
                        {
                            const section reading;
                            EXPECT_FALSE(shared.load()->over.load());
                        }
                        object* const old = shared.exchange(new object);
                        defer(old, [](void* memory) noexcept {
                            auto* const gone = static_cast<object*>(memory);
                            gone->over = true;
                            delete gone;
                            ended.fetch_add(1);
                        });
                    }
                });
        }
        drain();
        EXPECT_EQ(ended, threads * rounds);
        delete shared.load();
    });
    EXPECT_TRUE(end.good());
}

}  // namespace
}  // namespace pidmap_stress::read_side
