// The litmus programs that other tools were run on, with the counts that they gave.

#include <gtest/gtest.h>

#include "harness/explorer/litmus/counted_programs.hpp"
#include "harness/explorer/run/explored.hpp"
#include "harness/explorer/search/explore.hpp"

namespace pidmap_stress::explore {
namespace {

using enum std::memory_order;

struct row {
    std::uint64_t rc11;
    std::uint64_t sc;
    bool racy = false;
};

void expect_executions(const program& p, const row& expected) {
    for (const model m : {model::rc11, model::sc}) {
        const result r = explore(p, {.model = m, .stop_at_first = false, .count_redundant = true});
        EXPECT_EQ(r.executions, m == model::rc11 ? expected.rc11 : expected.sc)
            << (m == model::rc11 ? "rc11" : "sc");
        EXPECT_EQ(r.redundant, 0U);
        EXPECT_EQ(r.blocked, 0U);
        EXPECT_TRUE(r.complete);
        EXPECT_EQ(!r.ok(), expected.racy);
        for (const finding& f : r.findings) EXPECT_EQ(f.kind, finding_kind::data_race) << f.what;
    }
}

struct xy {
    atomic<int> x, y;
};

void rd(const atomic<int>& cell, std::memory_order order) {
    (void)cell.load(order);
}

program_over<xy> two(const std::function<void(xy&)>& a, const std::function<void(xy&)>& b) {
    return over<xy>().thread(a).thread(b);
}

TEST(PeersLitmus, SB) {
    expect_executions(two(
                          [](xy& s) {
                              s.x.store(1, release);
                              rd(s.y, acquire);
                          },
                          [](xy& s) {
                              s.y.store(1, release);
                              rd(s.x, acquire);
                          }),
                      {4, 3});
}
TEST(PeersLitmus, SBWithSeqCst) {
    expect_executions(two(
                          [](xy& s) {
                              s.x = 1;
                              rd(s.y, seq_cst);
                          },
                          [](xy& s) {
                              s.y = 1;
                              rd(s.x, seq_cst);
                          }),
                      {3, 3});
}
TEST(PeersLitmus, SBWithSeqCstFences) {
    expect_executions(two(
                          [](xy& s) {
                              s.x.store(1, relaxed);
                              fence(seq_cst);
                              rd(s.y, relaxed);
                          },
                          [](xy& s) {
                              s.y.store(1, relaxed);
                              fence(seq_cst);
                              rd(s.x, relaxed);
                          }),
                      {3, 3});
}
TEST(PeersLitmus, MP) {
    expect_executions(two(
                          [](xy& s) {
                              s.x.store(1, release);
                              s.y.store(1, release);
                          },
                          [](xy& s) {
                              rd(s.y, acquire);
                              rd(s.x, acquire);
                          }),
                      {3, 3});
}
struct plain_xy {
    nonatomic<int> x;
    atomic<int> y;
};
TEST(PeersLitmus, MPReleaseThenRelaxedIsNoReleaseSequence) {
    expect_executions(over<plain_xy>()
                          .thread([](plain_xy& s) {
                              s.x.set(1);
                              s.y.store(0, release);
                              s.y.store(1, relaxed);
                          })
                          .thread([](plain_xy& s) {
                              if (s.y.load(acquire) != 0) (void)s.x.get();
                          }),
                      {4, 3, true});
}
TEST(PeersLitmus, MPUpdateContinuesReleaseSequence) {
    expect_executions(over<plain_xy>()
                          .thread([](plain_xy& s) {
                              s.x.set(1);
                              s.y.store(1, release);
                          })
                          .thread([](plain_xy& s) { s.y.fetch_add(1, relaxed); })
                          .thread([](plain_xy& s) {
                              if (s.y.load(acquire) > 1) s.x.set(2);
                          }),
                      {6, 6});
}
TEST(PeersLitmus, LB) {
    expect_executions(two(
                          [](xy& s) {
                              rd(s.y, acquire);
                              s.x.store(1, release);
                          },
                          [](xy& s) {
                              rd(s.x, acquire);
                              s.y.store(1, release);
                          }),
                      {3, 3});
}
TEST(PeersLitmus, LB2) {
    expect_executions(two(
                          [](xy& s) {
                              rd(s.y, relaxed);
                              s.x.store(1, relaxed);
                          },
                          [](xy& s) {
                              rd(s.x, relaxed);
                              s.y.store(1, relaxed);
                          }),
                      {3, 3});
}
TEST(PeersLitmus, TwoPlusTwoW) {
    expect_executions(two(
                          [](xy& s) {
                              s.x.store(1, release);
                              s.y.store(2, release);
                          },
                          [](xy& s) {
                              s.y.store(1, release);
                              s.x.store(2, release);
                          }),
                      {4, 3});
}
TEST(PeersLitmus, TwoPlusTwoWWithSeqCst) {
    expect_executions(two(
                          [](xy& s) {
                              s.x = 1;
                              s.y = 2;
                          },
                          [](xy& s) {
                              s.y = 1;
                              s.x = 2;
                          }),
                      {3, 3});
}
TEST(PeersLitmus, S) {
    expect_executions(two(
                          [](xy& s) {
                              s.x.store(2, relaxed);
                              s.y.store(1, relaxed);
                          },
                          [](xy& s) {
                              rd(s.y, relaxed);
                              s.x.store(1, relaxed);
                          }),
                      {4, 3});
}
TEST(PeersLitmus, CoRR) {
    expect_executions(two(
                          [](xy& s) {
                              s.x.store(1, release);
                              s.x.store(2, release);
                          },
                          [](xy& s) {
                              rd(s.x, acquire);
                              rd(s.x, acquire);
                          }),
                      {6, 6});
}
TEST(PeersLitmus, CoRR1) {
    expect_executions(over<xy>()
                          .thread([](xy& s) { s.x.store(1, release); })
                          .thread([](xy& s) { s.x.store(2, release); })
                          .thread([](xy& s) {
                              rd(s.x, acquire);
                              rd(s.x, acquire);
                          })
                          .thread([](xy& s) { rd(s.x, acquire); }),
                      {36, 36});
}
TEST(PeersLitmus, CoRW) {
    expect_executions(two(
                          [](xy& s) {
                              rd(s.x, acquire);
                              s.x.store(1, release);
                          },
                          [](xy& s) { s.x.store(2, release); }),
                      {3, 3});
}
TEST(PeersLitmus, CoWR) {
    expect_executions(two(
                          [](xy& s) {
                              s.x.store(1, release);
                              rd(s.x, acquire);
                          },
                          [](xy& s) { s.x.store(2, release); }),
                      {3, 3});
}
TEST(PeersLitmus, WRRRW) {
    expect_executions(over<xy>()
                          .thread([](xy& s) { s.x.store(1, relaxed); })
                          .thread([](xy& s) {
                              const int a = s.x.load(relaxed);
                              const int b = s.x.load(relaxed);
                              const int c = s.x.load(relaxed);
                              check(!(a == 1 && b == 2 && c == 1));
                          })
                          .thread([](xy& s) { s.x.store(2, relaxed); }),
                      {20, 20});
}
TEST(PeersLitmus, IRIWAcqSc) {
    expect_executions(over<xy>()
                          .thread([](xy& s) { s.x = 1; })
                          .thread([](xy& s) {
                              rd(s.x, acquire);
                              rd(s.y, seq_cst);
                          })
                          .thread([](xy& s) {
                              rd(s.y, acquire);
                              rd(s.x, seq_cst);
                          })
                          .thread([](xy& s) { s.y = 1; }),
                      {16, 15});
}
struct abc {
    atomic<int> a, b, c;
};
TEST(PeersLitmus, Isa2) {
    expect_executions(over<abc>()
                          .thread([](abc& s) {
                              s.a.store(1, relaxed);
                              s.b.store(1, release);
                          })
                          .thread([](abc& s) {
                              rd(s.b, acquire);
                              s.c.store(1, release);
                          })
                          .thread([](abc& s) {
                              rd(s.c, acquire);
                              rd(s.a, relaxed);
                          }),
                      {7, 7});
}
TEST(PeersLitmus, RWCWithFences) {
    expect_executions(over<xy>()
                          .thread([](xy& s) { s.x.store(1, relaxed); })
                          .thread([](xy& s) {
                              rd(s.x, relaxed);
                              fence(seq_cst);
                              rd(s.y, relaxed);
                          })
                          .thread([](xy& s) {
                              s.y.store(1, relaxed);
                              fence(seq_cst);
                              rd(s.x, relaxed);
                          }),
                      {7, 7});
}
TEST(PeersLitmus, AtomicPo) {
    expect_executions(two(
                          [](xy& s) {
                              s.y.store(1, relaxed);
                              fence(acq_rel);
                              s.x.store(1, relaxed);
                          },
                          [](xy& s) {
                              s.x.exchange(1, relaxed);
                              s.y.exchange(1, relaxed);
                          }),
                      {4, 3});
}
TEST(PeersLitmus, CasDep) {
    expect_executions(over<abc>()
                          .thread([](abc& s) {
                              int a = s.a.load(relaxed);
                              s.b.compare_exchange_strong(a, 1, relaxed);
                              s.c.store(a, relaxed);
                          })
                          .thread([](abc& s) { s.b.store(2, relaxed); }),
                      {2, 2});
}
TEST(PeersLitmus, CasIncInc) {
    const auto add = [](xy& s) { s.x.fetch_add(1, relaxed); };
    expect_executions(over<xy>()
                          .thread([](xy& s) {
                              int one = 1;
                              s.x.compare_exchange_strong(one, 2, relaxed);
                          })
                          .thread(add)
                          .thread(add),
                      {6, 6});
}
TEST(PeersLitmus, FiveIncrements) {
    expect_executions(over<xy>().threads(5, [](xy& s, unsigned) { s.x.fetch_add(1, relaxed); }),
                      {120, 120});
}
TEST(PeersLitmus, EightReaders) {
    expect_executions(over<xy>()
                          .thread([](xy& s) { s.x.store(1, relaxed); })
                          .threads(8, [](xy& s, unsigned) { rd(s.x, relaxed); }),
                      {256, 256});
}
struct six {
    atomic<int> a[6];
};
TEST(PeersLitmus, LastZero) {
    expect_executions(
        over<six>()
            .thread([](six& s) {
                for (int i = 5; s.a[i].load(acquire) != 0; --i) {
                }
            })
            .threads(
                5, [](six& s, unsigned j) { s.a[j + 1].store(s.a[j].load(acquire) + 1, release); }),
        {64, 64});
}
struct wxyz {
    atomic<int> w, x, y, z;
};
TEST(PeersLitmus, Big0) {
    expect_executions(counted_programs::big0(), {82'472, 69'112});
}

}  // namespace
}  // namespace pidmap_stress::explore
