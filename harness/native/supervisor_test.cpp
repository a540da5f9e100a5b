// What the supervisor makes of a trial that does not end well, or shows nothing.

#include "harness/native/supervisor.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <signal.h>
#include <sys/mman.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <chrono>

#include "allocator/variants/sound.hpp"
#include "harness/native/subject_of.hpp"
#include "harness/native/worker.hpp"
#include "harness/testing/cells.hpp"

namespace pidmap_stress {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using namespace std::chrono_literals;

/// Stacks are read from outside, by a library; under a sanitizer, its own report has them.
#if defined(PIDMAP_STRESS_LIBDW)
constexpr bool stacks_are_read = !under_sanitizer;
#else
constexpr bool stacks_are_read = false;
#endif

/// Follows a null pointer when a pid is freed.
struct crash_steps : sound_steps {
    template <class Namespace>
    static void vacate(Namespace& ns, unsigned page) noexcept {
        if (page == 0 && ns.peek_refcount() > 0) *static_cast<int volatile*>(nullptr) = 1;
    }
};
template <execution_policy P>
struct crashing : pid_namespace<P, sound_orders, crash_steps> {
    using pid_namespace<P, sound_orders, crash_steps>::pid_namespace;
    static constexpr variant_info info{.name = "crashing", .summary = "for tests"};
};

/// The same, declared to use what was released.
template <execution_policy P>
struct known_to_crash : pid_namespace<P, sound_orders, crash_steps> {
    using pid_namespace<P, sound_orders, crash_steps>::pid_namespace;
    static constexpr variant_info info{.name = "known_to_crash",
                                       .summary = "for tests",
                                       .breaks = invariant::no_use_after_release};
};

/// A free never returns.
struct stall_steps : sound_steps {
    template <class Namespace>
    static void vacate(Namespace& ns, unsigned /*page*/) noexcept {
        while (ns.peek_refcount() > 0) Namespace::policy::pause();
    }
};
template <execution_policy P>
struct stalling : pid_namespace<P, sound_orders, stall_steps> {
    using pid_namespace<P, sound_orders, stall_steps>::pid_namespace;
    static constexpr variant_info info{.name = "stalling", .summary = "for tests"};
};

/// One namespace, and a pid that comes and goes.
class come_and_go : public scenario {
    static constexpr std::array<std::string_view, 2> marks{"a pid was freed", "what never happens"};

public:
    static constexpr scenario_info info{
        .name = "come_and_go", .summary = "for tests", .marks = marks};

    void prepare(stage& set) override {
        table_slot& slot = set.add_slot();
        if (tested_namespace* const ns = set.create()) set.seat_workers(slot, *ns);
    }
    void work(worker& me) override {
        while (me.running()) {
            if (me.alloc(me.set().slot(0))) me.free_last();
            me.hit(0);
        }
    }
};

/// No worker does anything.
class idle final : public come_and_go {
public:
    static constexpr scenario_info info{.name = "idle", .summary = "for tests"};
    void work(worker& /*me*/) override {}
};

/// Breaks in one of two ways, the scenario's own or, mostly, another; and that is the end of the
/// process, as under a sanitizer.
class ends_at_the_first final : public come_and_go {
public:
    static constexpr scenario_info info{.name = "ends_at_the_first", .summary = "for tests"};

    void work(worker& me) override {
        if (me.number() != 0 || !me.running()) return;
        if (me.alloc(me.set().slot(0))) me.free_last();
        report(me.chance().one_in(16) ? invariant::no_underflow : invariant::reuse_happens_after,
               "planted");
        ::_exit(66);
    }
};
template <execution_policy P>
struct breaks_in_two_ways : pid_namespace<P, sound_orders, sound_steps> {
    using pid_namespace<P, sound_orders, sound_steps>::pid_namespace;
    static constexpr variant_info info{
        .name = "breaks_in_two_ways",
        .summary = "for tests",
        .breaks = {{.broken = invariant::reuse_happens_after},
                   {.broken = invariant::no_underflow, .shown_by = "ends_at_the_first"}}};
};

constexpr auto short_stall = 500ms;

/// What a trial and the test that supervises it both see.
struct shared_notes {
    std::atomic<int> trials{0};
    std::atomic<pid_t> process{0};
};
[[nodiscard]] shared_notes& notes() {
    static auto* const shared = new (::mmap(nullptr, sizeof(shared_notes), PROT_READ | PROT_WRITE,
                                            MAP_SHARED | MAP_ANONYMOUS, -1, 0)) shared_notes;
    return *shared;
}

/// Another process ends the first trials, or all of them.
template <int Trials>
class ended_from_outside final : public come_and_go {
public:
    static constexpr scenario_info info{.name = "ended_from_outside", .summary = "for tests"};

    void prepare(stage& set) override {
        come_and_go::prepare(set);
        if (notes().trials++ < Trials) ::raise(SIGKILL);
    }
};

/// Another process stops the trial.
class stopped_from_outside final : public come_and_go {
public:
    static constexpr scenario_info info{.name = "stopped_from_outside", .summary = "for tests"};

    void prepare(stage& set) override {
        come_and_go::prepare(set);
        notes().process = ::getpid();
        if (notes().trials++ == 0) ::raise(SIGSTOP);
    }
};

class always_stopped final : public come_and_go {
public:
    static constexpr scenario_info info{.name = "always_stopped", .summary = "for tests"};

    void prepare(stage& set) override {
        come_and_go::prepare(set);
        ::raise(SIGSTOP);
    }
};

/// Its set-up goes on forever, call by call.
class endless_preparation final : public come_and_go {
public:
    static constexpr scenario_info info{.name = "endless_preparation", .summary = "for tests"};

    void prepare(stage& set) override {
        come_and_go::prepare(set);
        for (;;)
            if (set.main().alloc_in(*set.slot(0).current.load())) set.main().free_last();
    }
};

/// The audit waits for something that never comes.
template <execution_policy P>
struct endless_peek : pid_namespace<P, sound_orders, sound_steps> {
    using base = pid_namespace<P, sound_orders, sound_steps>;
    using base::base;
    [[nodiscard]] int peek_refcount() const noexcept {
        while (base::peek_refcount() != -1) P::pause();
        return 0;
    }
    static constexpr variant_info info{.name = "endless_peek", .summary = "for tests"};
};

/// The first allocation never returns.
struct endless_entry_steps : sound_steps {
    template <class Namespace>
    [[nodiscard]] static page_answer open_page(Namespace& ns, unsigned page) noexcept {
        while (ns.peek_refcount() != -1) Namespace::policy::pause();
        return sound_steps::open_page(ns, page);
    }
};
template <execution_policy P>
struct endless_allocation : pid_namespace<P, sound_orders, endless_entry_steps> {
    using pid_namespace<P, sound_orders, endless_entry_steps>::pid_namespace;
    static constexpr variant_info info{.name = "endless_allocation", .summary = "for tests"};
};

/// Sets its stage for longer than a stall may last, and is busy all the time.
class long_preparation final : public come_and_go {
public:
    static constexpr scenario_info info{.name = "long_preparation", .summary = "for tests"};

    void prepare(stage& set) override {
        come_and_go::prepare(set);
        worker& main = set.main();
        tested_namespace& ns = *set.slot(0).current.load();
        const auto begin = std::chrono::steady_clock::now();
        while (std::chrono::steady_clock::now() - begin < 4 * short_stall)
            if (main.alloc_in(ns)) main.free_last();
    }
};

template <class Scenario>
[[nodiscard]] scenario_entry entry_of() {
    return {.info = &Scenario::info,
            .make = []() -> std::unique_ptr<scenario> { return std::make_unique<Scenario>(); }};
}
[[nodiscard]] const subject_entry& sound_entry() {
    return *find_subject("sound");
}

// A process that dies without a finding is a crash, and the report says how it died.
TEST(SupervisorTest, ADeathWithoutAFindingIsACrash) {
    const subject_entry variant = make_subject_entry<crashing>();
    const cell_result result = testing::run(variant, entry_of<come_and_go>(), discipline::member,
                                            testing::some_calls(1'000));
    EXPECT_EQ(result.judged.kind, verdict_kind::crash) << testing::told(result);
    EXPECT_FALSE(result.judged.as_expected());
    EXPECT_THAT(result.ending, HasSubstr(under_sanitizer ? "ended" : "Segmentation fault"));
    EXPECT_THAT(result.last_events, HasSubstr("alloc@"));
    EXPECT_GT(result.trial_resident_kib, 100U);
    if (stacks_are_read) {
        EXPECT_THAT(result.ending, HasSubstr("in worker "));
        EXPECT_THAT(result.stacks, HasSubstr("worker "));
        EXPECT_THAT(result.stacks, HasSubstr("free_pidmap")) << result.stacks;
    }
    EXPECT_EQ(result.trials, 1U);
}

// A variant that is known to use released memory gets two more trials to show it, and no more.
TEST(SupervisorTest, AKnownUseAfterReleaseMayEndATrialUntold) {
    const subject_entry variant = make_subject_entry<known_to_crash>();
    const cell_result result = testing::run(variant, entry_of<come_and_go>(), discipline::member,
                                            testing::some_calls(1'000));
    EXPECT_EQ(result.trials, 3U);
    EXPECT_EQ(result.judged.kind, verdict_kind::crash) << testing::told(result);
}

// The invariant that ends a trial early may be known to break, and not what the scenario is there
// to show: further trials get their chance, even when the time is over.
TEST(SupervisorTest, AKnownBreakageMayHideTheOneThatMustShow) {
    const subject_entry variant = make_subject_entry<breaks_in_two_ways>();
    const scenario_entry workload = entry_of<ends_at_the_first>();
    const cell_result result = run_cell(
        {.variant = &variant, .workload = &workload, .how = discipline::reference},
        testing::some_calls(1'000'000), {.budget = 1ms, .stall_after = 1min, .last_chance = 4min});
    EXPECT_TRUE(result.judged.as_expected()) << testing::told(result);
    EXPECT_TRUE(result.seen.broken().contains(invariant::no_underflow));
    EXPECT_TRUE(result.seen.broken().contains(invariant::reuse_happens_after))
        << "the first trial showed all; another key is needed";
}

// Each repetition counts once, whatever it shows, and all of them make one result.
TEST(SupervisorTest, RepetitionsAreCountedEachForItself) {
    const scenario_entry workload = entry_of<come_and_go>();
    const supervision watch{.budget = 4min, .stall_after = 1min};
    const subject_entry dying = make_subject_entry<crashing>();
    const cell_result always =
        repeat_cell({.variant = &dying, .workload = &workload, .how = discipline::member},
                    testing::some_calls(1'000), watch, 3);
    EXPECT_EQ(always.repeated, 3U);
    EXPECT_EQ(always.repeated_with_findings, 3U);
    EXPECT_EQ(always.judged.kind, verdict_kind::crash);
    const cell_result never =
        repeat_cell({.variant = &sound_entry(), .workload = &workload, .how = discipline::member},
                    testing::some_calls(1'000), watch, 3);
    EXPECT_EQ(never.repeated, 3U);
    EXPECT_EQ(never.repeated_with_findings, 0U);
    EXPECT_GE(never.seen.operations, 3'000U);
    // Nothing broke, but the scenario's mark is never hit.
    EXPECT_EQ(never.judged.kind, verdict_kind::inconclusive) << testing::told(never);
}

// There are fewer repetitions where each takes longer than its share of the time.
TEST(SupervisorTest, RepetitionsEndAtTwiceTheirTime) {
    const scenario_entry workload = entry_of<come_and_go>();
    const subject_entry dying = make_subject_entry<crashing>();
    const cell_result few =
        repeat_cell({.variant = &dying, .workload = &workload, .how = discipline::member},
                    testing::some_calls(1'000), {.budget = 1us, .stall_after = 1min}, 20);
    EXPECT_EQ(few.repeated, 1U);
}

// Workers that do not come back are a stall, and the report has their last calls.
TEST(SupervisorTest, WorkersThatDoNotComeBackAreAStall) {
    const subject_entry variant = make_subject_entry<stalling>();
    const scenario_entry workload = entry_of<come_and_go>();
    const cell_result result =
        run_cell({.variant = &variant, .workload = &workload, .how = discipline::reference},
                 testing::some_calls(1'000), {.budget = 4min, .stall_after = short_stall});
    EXPECT_EQ(result.judged.kind, verdict_kind::stall) << testing::told(result);
    EXPECT_FALSE(result.judged.as_expected());
    EXPECT_THAT(result.ending, HasSubstr("no worker finished an operation"));
    EXPECT_THAT(result.last_events, HasSubstr("free@"));
    // The stack of the worker that spins names the call that it is in.
    if (stacks_are_read) {
        EXPECT_THAT(result.stacks, HasSubstr("free_pidmap")) << result.stacks;
    }
}

// A request to end is granted whatever a worker does: a call that never returns is dropped, and
// that is not a stall, as nobody waited for one.
TEST(SupervisorTest, AskedToEndItEndsWhateverAWorkerDoes) {
    const subject_entry variant = make_subject_entry<stalling>();
    const scenario_entry workload = entry_of<come_and_go>();
    const cell_result result =
        run_cell({.variant = &variant, .workload = &workload, .how = discipline::reference},
                 testing::some_calls(1'000),
                 {.budget = 24h,
                  .stall_after = 24h,
                  .interrupted = [] { return true; },
                  .grace_when_asked = 50ms});
    EXPECT_TRUE(result.cut_short);
    EXPECT_NE(result.judged.kind, verdict_kind::stall) << testing::told(result);
}

// A loop without end is a stall wherever it is: in a call of the set-up, in what an audit looks at.
TEST(SupervisorTest, ALoopInTheSetUpOrTheAuditIsAStall) {
    const scenario_entry workload = entry_of<come_and_go>();
    for (const subject_entry& variant :
         {make_subject_entry<endless_allocation>(), make_subject_entry<endless_peek>()}) {
        const cell_result result =
            run_cell({.variant = &variant, .workload = &workload, .how = discipline::member},
                     testing::some_calls(1'000), {.budget = 4min, .stall_after = short_stall});
        EXPECT_EQ(result.judged.kind, verdict_kind::stall) << testing::told(result);
    }
}

// A set-up that makes call after call is a stall too, and is reported as such.
TEST(SupervisorTest, ASetUpWithoutEndIsAStall) {
    const scenario_entry workload = entry_of<endless_preparation>();
    const cell_result result =
        run_cell({.variant = &sound_entry(), .workload = &workload, .how = discipline::reference},
                 testing::some_calls(1'000),
                 {.budget = 4min, .stall_after = short_stall, .longest_set_up = 100'000});
    EXPECT_EQ(result.judged.kind, verdict_kind::stall) << testing::told(result);
    EXPECT_THAT(result.ending, HasSubstr("the set-up does not end: "));
}

// A trial that is killed from outside says nothing about the variant, and is tried again, once.
TEST(SupervisorTest, ATrialThatIsKilledFromOutsideIsTriedAgain) {
    notes().trials = 0;
    const cell_result once = testing::run(sound_entry(), entry_of<ended_from_outside<1>>(),
                                          discipline::reference, testing::some_calls(1'000));
    EXPECT_EQ(once.judged.kind, verdict_kind::holds) << testing::told(once);
    EXPECT_THAT(once.tried_again, HasSubstr("killed from outside (SIGKILL)"));
    EXPECT_EQ(once.trials, 2U);
    notes().trials = 0;
    const cell_result always = testing::run(sound_entry(), entry_of<ended_from_outside<9>>(),
                                            discipline::reference, testing::some_calls(1'000));
    EXPECT_EQ(always.judged.kind, verdict_kind::killed) << testing::told(always);
    EXPECT_THAT(always.ending, HasSubstr("killed from outside (SIGKILL)"));
    EXPECT_EQ(always.trials, 2U);
}

// A trial that is stopped from outside and continued is not stalled, however long that took.
TEST(SupervisorTest, ATrialThatIsStoppedIsNotStalled) {
    notes().trials = 0;
    notes().process = 0;
    const scenario_entry workload = entry_of<stopped_from_outside>();
    const auto begin = std::chrono::steady_clock::now();
    const cell_result result =
        run_cell({.variant = &sound_entry(), .workload = &workload, .how = discipline::reference},
                 testing::some_calls(1'000),
                 {.budget = 4min, .stall_after = short_stall, .on_progress = [&](std::uint64_t) {
                      if (std::chrono::steady_clock::now() - begin > 4 * short_stall)
                          ::kill(notes().process, SIGCONT);
                  }});
    EXPECT_EQ(result.judged.kind, verdict_kind::holds) << testing::told(result);
}

// One that stays stopped is ended when its time is over, and that says nothing about the variant.
TEST(SupervisorTest, ATrialThatStaysStoppedIsEndedInTheEnd) {
    const scenario_entry workload = entry_of<always_stopped>();
    const cell_result result =
        run_cell({.variant = &sound_entry(), .workload = &workload, .how = discipline::reference},
                 testing::some_calls(1'000),
                 {.budget = 10ms, .stall_after = short_stall, .last_chance = {}});
    EXPECT_EQ(result.judged.kind, verdict_kind::killed) << testing::told(result);
    EXPECT_THAT(result.ending, HasSubstr("stopped from outside (SIGSTOP)"));
}

// Setting a stage may take longer than a stall: a main thread that allocates is not stalled.
TEST(SupervisorTest, ALongPreparationIsNoStall) {
    const scenario_entry workload = entry_of<long_preparation>();
    trial_settings how = testing::some_calls(100);
    how.pool = pool_kind::jthread;
    const cell_result result =
        run_cell({.variant = &sound_entry(), .workload = &workload, .how = discipline::reference},
                 how, {.budget = 4min, .stall_after = short_stall});
    EXPECT_NE(result.judged.kind, verdict_kind::stall) << testing::told(result);
}

// A mark that is not hit makes a run inconclusive, and is named.
TEST(SupervisorTest, AnUnhitMarkIsInconclusive) {
    const cell_result result = testing::run(sound_entry(), entry_of<come_and_go>(),
                                            discipline::reference, testing::some_calls(1'000));
    EXPECT_EQ(result.judged.kind, verdict_kind::inconclusive) << testing::told(result);
    EXPECT_FALSE(result.judged.as_expected());
    EXPECT_THAT(result.seen.unhit_marks, ElementsAre("what never happens"));
    EXPECT_GE(result.seen.operations, 1'000U);
}

// A run in which nothing is done shows nothing, although no mark is missing.
TEST(SupervisorTest, ARunWithoutOperationsIsInconclusive) {
    const scenario_entry workload = entry_of<idle>();
    const cell_result result = run_cell(
        {.variant = &sound_entry(), .workload = &workload, .how = discipline::reference},
        {.workers = 2, .pool = pool_kind::jthread}, {.budget = 100ms, .stall_after = 1min});
    EXPECT_EQ(result.judged.kind, verdict_kind::inconclusive) << testing::told(result);
}

// The limit of operations also ends a run whose remaining steps are not calls: making a namespace,
// for example, is not a call.
TEST(SupervisorTest, ALimitEndsARunInWhichNothingIsLeftToDo) {
    trial_settings how = testing::some_calls(1);
    how.workers = 1;
    cell_result result = testing::run(sound_entry(), "lifecycle", discipline::reference, how);
    EXPECT_EQ(result.judged.kind, verdict_kind::inconclusive) << testing::told(result);
    EXPECT_LT(result.rounds, 10U);
    result = testing::run(sound_entry(), entry_of<idle>(), discipline::reference,
                          testing::some_calls(100));
    EXPECT_EQ(result.judged.kind, verdict_kind::inconclusive) << testing::told(result);
    EXPECT_EQ(result.seen.operations, 0U);
}

// An interruption ends a run in good order: what was done is audited and reported.
TEST(SupervisorTest, AnInterruptionEndsARunInGoodOrder) {
    std::uint64_t seen = 0;
    const scenario_entry& workload = *find_scenario("churn");
    const cell_result result =
        run_cell({.variant = &sound_entry(), .workload = &workload, .how = discipline::reference},
                 {.workers = 2, .pool = pool_kind::jthread},
                 {.stall_after = 1min,
                  .on_progress = [&seen](std::uint64_t operations) { seen = operations; },
                  .interrupted = [&seen] { return seen > 50'000; }});
    EXPECT_EQ(result.judged.kind, verdict_kind::holds) << testing::told(result);
    EXPECT_EQ(result.ending, "");
    EXPECT_GT(result.seen.operations, 0U);
}

// The same key and one worker do the same, call for call; another key does something else.
TEST(SupervisorTest, AKeyFixesWhatIsDone) {
    trial_settings how = testing::some_calls(5'000);
    how.workers = 1;
    const auto run = [&how](std::uint64_t key) {
        how.key = key;
        return testing::run(*find_subject("as_posted"), "page_zero", discipline::reference, how);
    };
    const cell_result first = run(1);
    const cell_result again = run(1);
    const cell_result other = run(2);
    EXPECT_EQ(first.last_events, again.last_events);
    EXPECT_EQ(first.rounds, again.rounds);
    EXPECT_EQ(first.seen.operations, again.seen.operations);
    EXPECT_EQ(first.seen.times_broken, again.seen.times_broken);
    EXPECT_NE(first.last_events + std::to_string(first.rounds),
              other.last_events + std::to_string(other.rounds));
}

}  // namespace
}  // namespace pidmap_stress
