#pragma once

#include <array>
#include <bit>
#include <csetjmp>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "harness/explorer/model/graph.hpp"
#include "harness/explorer/model/heap.hpp"
#include "harness/explorer/model/instants.hpp"
#include "harness/explorer/model/operational_memory.hpp"
#include "harness/explorer/model/state_digest.hpp"
#include "harness/explorer/run/crash.hpp"
#include "harness/explorer/run/driver.hpp"
#include "harness/explorer/run/execution.hpp"
#include "harness/explorer/run/fibers.hpp"
#include "harness/explorer/run/finding.hpp"
#include "harness/explorer/run/machine/records.hpp"
#include "harness/explorer/run/program.hpp"
#include "harness/explorer/run/site_set.hpp"
#include "harness/explorer/run/step.hpp"

namespace pidmap_stress::explore {

/// Runs one execution of a program: its threads on fibers, its cells over an execution graph.
class machine {
public:
    machine(const program& p, memory_rules rules, run_limits limits);
    ~machine();
    machine(const machine&) = delete;
    machine& operator=(const machine&) = delete;

    /// The machine whose program runs on this OS thread.
    [[nodiscard]] static machine& current() noexcept { return *current_; }
    [[nodiscard]] static bool running() noexcept { return current_ != nullptr; }

    // --- For whoever explores -------------------------------------------------------------------

    /// Runs the program once over `g`: what is there is replayed, what is new is added.
    execution_end run(graph& g, driver& choices);
    /// Runs the program once step by step, without a graph, which is faster. The choices are
    /// offered as run() offers them, so that they give the same execution there. What it finds
    /// lacks what only a graph tells.
    /// \pre can_walk(), and the driver interleaves.
    execution_end walk(driver& choices);
    [[nodiscard]] bool can_walk() const noexcept;
    void freeze(freeze_point where) noexcept { frozen_ = where; }
    /// Whether the thread that was to stop forever did so in the last run.
    [[nodiscard]] bool froze() const noexcept {
        return frozen_.thread != 0 && is_[frozen_.thread] == status::frozen;
    }
    /// Whether a failed check or an exception was the end of a thread in the last run.
    [[nodiscard]] bool failed(unsigned thread) const noexcept {
        return is_[thread] == status::failed;
    }
    void observe(step_observer* observer) noexcept { observer_ = observer; }
    /// Looks for livelocks in step by step executions, which takes time.
    void watch_for_livelocks() noexcept { watches_rounds_ = true; }
    /// What the last run found. Without schedules.
    [[nodiscard]] const std::vector<finding>& found() const noexcept { return found_; }
    /// If found()[index] is an invariant broken at an instant that the search did not stop at: the
    /// events before that.
    [[nodiscard]] std::optional<vector_clock> broken_instant(std::size_t index) const {
        return index < broken_instants_.size() ? broken_instants_[index] : std::nullopt;
    }
    [[nodiscard]] const memory_rules& rules() const noexcept { return rules_; }
    [[nodiscard]] unsigned threads() const noexcept { return thread_count_; }
    /// How many cells the last run's set-up made.
    [[nodiscard]] std::size_t set_up_cells() const noexcept { return set_up_cells_; }
    /// How many steps a thread has done in the last run.
    [[nodiscard]] unsigned steps_of(unsigned thread) const noexcept {
        return threads_[thread].steps;
    }
    [[nodiscard]] bool has_invariant() const noexcept { return has_invariant_; }
    /// Of each thread: a hash of what its next step depends on beside memory.
    using histories = std::array<std::uint64_t, max_threads>;
    /// Only known where execution is not on an old path: who leads there may keep it for the next
    /// time.
    [[nodiscard]] const histories& known_histories() const noexcept { return histories_; }
    void know_histories(const histories& then) noexcept { histories_ = then; }
    /// From the next run on, states can be told apart.
    void tell_states_apart() noexcept { remembers_ = true; }
    /// A hash of all that the rest of a step by step execution depends on, for a driver that is
    /// asked who goes next. \pre tell_states_apart() was called before the run.
    [[nodiscard]] state_key key_of_state(const lookahead& ahead);
    /// Whether the last run had read-side critical sections.
    [[nodiscard]] bool had_sections() const noexcept { return had_sections_; }
    /// Whether histories are those of stacks, which are not followed on an old path.
    [[nodiscard]] bool is_flat() const noexcept { return flat_; }
    [[nodiscard]] bool tells_states_apart() const noexcept { return remembers_; }
    /// What the last run's final check told of it; empty: nothing.
    [[nodiscard]] const std::string& outcome() const noexcept { return outcome_; }
    void tell_outcome(std::string_view text) {
        const engine_call here(*this);
        outcome_ = text;
    }
    /// What any run so far has reached.
    [[nodiscard]] const std::set<std::string, std::less<>>& reached() const noexcept {
        return reached_;
    }
    void reach(std::string_view name) {
        const engine_call here(*this);
        if (needs_graph_) return;  // What it was told led it here, and may not be so.
        if (!reached_.contains(name)) reached_.emplace(name);
    }
    /// Whether in any run so far two threads accessed one cell. Of a program with one thread: yes.
    [[nodiscard]] bool anybody_met() const noexcept { return met_; }
    /// Whether some thread waited for another in a loop without effect.
    [[nodiscard]] bool anybody_waited() const noexcept { return waited_; }

    // --- For crashes: see crash.hpp -------------------------------------------------------------

    /// Whether it is the program that this OS thread runs at the moment, and not the engine.
    [[nodiscard]] bool program_runs() const noexcept { return program_runs_; }
    /// \pre program_runs().
    [[noreturn]] void leave_crashed(const crash_report& seen);

    // --- For cells ------------------------------------------------------------------------------

    /// \param address  Not looked at: nothing is there yet.
    location_id make_cell(void* address, std::uint64_t initial, const cell_info& info);
    [[gnu::noinline]] reply load(location_id where, std::memory_order order);
    [[gnu::noinline]] reply store(location_id where, std::uint64_t value, std::memory_order order);
    struct update_request {
        rmw_op op;
        bool weak;
        std::uint64_t operand;
        std::uint64_t expected;
        std::memory_order success;
        std::memory_order failure;
    };
    [[gnu::noinline]] reply update(location_id where, const update_request& request);
    /// Whether the update that this thread did last stored.
    [[nodiscard]] bool updated() const noexcept { return threads_[self()].updated; }
    /// A pointer as a value of a cell. A graph may go on in another machine, where the program's
    /// memory lies elsewhere: so values tell where in it, not at which address.
    [[nodiscard]] std::uint64_t to_value(const void* pointer) const noexcept;
    [[nodiscard]] void* to_pointer(std::uint64_t value) const noexcept;
    /// A value of 128 bits, as one of 64: equal ones give the same.
    [[nodiscard]] std::uint64_t to_wide_name(std::array<std::uint64_t, 2> words);
    [[nodiscard]] std::array<std::uint64_t, 2> to_wide_value(std::uint64_t name);
    /// Whether the calling thread's next steps are those of an atomic_ref.
    void by_reference(bool is) noexcept {
        if (in_threads()) threads_[self()].by_reference = is;
    }
    void name_cell(location_id where, const cell_label& label) noexcept {
        const engine_call here(*this);
        must_be_made(where);
        cells_[where].name = label.name;
        cells_[where].index = static_cast<std::int16_t>(label.index ? *label.index : -1);
    }
    void call_cell(location_id where, const char* kind) noexcept {
        const engine_call here(*this);
        must_be_made(where);
        cells_[where].kind = kind;
    }
    /// Names the cells that `look` peeks at, which need not be the caller's own.
    template <class Look>
    void name_peeked(const cell_label& label, Look look) {
        std::vector<location_id> seen;
        const engine_call here(*this);
        peeked_ = &seen;
        in_program(look);
        peeked_ = nullptr;
        for (const location_id where : seen) name_cell(where, label);
    }
    [[nodiscard]] std::uint64_t peek(location_id where);
    /// Remembers what the calling thread's next step depends on: its registers and its stack.
    [[gnu::noinline]] static void note_state();
    /// The calling thread begins to wait, in a loop that does nothing but ask for the same step.
    void begin_await() noexcept {
        if (!in_threads()) return;
        ++threads_[self()].awaits;
        threads_[self()].in_await = true;
    }
    void end_await() noexcept {
        if (in_threads()) threads_[self()].in_await = false;
    }
    /// Remembers the same, of a thread in such a loop: all of its rounds are alike, whatever code
    /// they are compiled to.
    void note_round() noexcept;

    // --- For programs ---------------------------------------------------------------------------

    /// 0 outside of the threads.
    [[nodiscard]] unsigned running_thread() const noexcept { return in_threads() ? self() : 0; }

    /// Where the running thread is: how many events of its own came before.
    [[nodiscard]] unsigned position() const noexcept {
        return in_threads() ? threads_[self()].cursor : 0;
    }
    /// Whether a thread's event number `po` happens before what another one does at `position`.
    [[nodiscard]] bool happened_before(unsigned thread, unsigned po, unsigned other,
                                       unsigned position) noexcept {
        if (walks_) return happened_before_in_walk(thread, po, other, position);
        keeps_past_ = true;
        return graph_->happened_before(other, position).contains(thread, po);
    }

    void fence(std::memory_order order);
    [[nodiscard]] unsigned choose(unsigned n);
    /// Whether a thread that waits is woken though nobody notified it, as far as limits allow.
    [[nodiscard]] bool wakes_spuriously();
    void fail(finding_kind kind, std::string_view what, std::optional<invariant> broken);
    /// Records what is wrong, and the calling thread goes on.
    void note(finding_kind kind, std::string_view what, std::optional<invariant> broken);
    /// Ends the calling thread forever, and with it the execution's claim to be complete.
    void give_up();
    void label(std::string_view text);

    // --- For plain cells and memory -------------------------------------------------------------

    struct plain_request {
        const void* address;
        std::uint64_t old_value;
        std::uint64_t value;
        bool writes = false;
        bool comparable = true;  ///< Whether the values are all that there is to the cell.
    };
    /// \return the cell's number. It holds while the run lasts, whatever becomes of the cell.
    [[nodiscard]] std::uint32_t make_plain(const void* address, std::uint64_t value,
                                           const char* name);
    void name_plain(std::uint32_t cell, const char* name);
    void plain_access(std::uint32_t cell, const plain_request& request);
    [[nodiscard]] void* allocate(std::size_t size, std::size_t alignment);
    /// \return whether the object's destructor may run.
    [[nodiscard]] bool begin_release(void* object, bool deferred);
    void end_release(void* object, bool deferred);
    void enter_section();
    void leave_section();

private:
    /// While it is there, the engine is at work, which the program has called.
    class engine_call {
    public:
        [[gnu::always_inline]] explicit engine_call(machine& m) noexcept
            : machine_(m), program_ran_(m.program_runs_) {
            constexpr std::ptrdiff_t needed = 48 * 1024;
            const char here = 0;
            // Only the program may run out of stack: it is left before the engine has begun.
            if (program_ran_ && m.fibers_.room_below(&here) < needed) [[unlikely]]
                m.leave_overflown(__builtin_return_address(0));
            m.program_runs_ = false;
        }
        ~engine_call() { machine_.program_runs_ = program_ran_; }
        engine_call(const engine_call&) = delete;
        engine_call& operator=(const engine_call&) = delete;

    private:
        machine& machine_;
        bool program_ran_;
    };
    /// Calls what the program is made of.
    template <class Work>
    void in_program(Work&& work) {
        struct program_call {
            explicit program_call(machine& m) noexcept : of(m) { m.program_runs_ = true; }
            ~program_call() { of.program_runs_ = false; }
            machine& of;
        };
        const program_call here(*this);
        work();
    }
    [[noreturn]] void leave_overflown(const void* site);
    [[noreturn]] void leave_without_cell(const void* site);
    /// What the program has in its hands may be no cell, but whatever a wild pointer led to.
    [[gnu::always_inline]] void must_be_made(location_id where) {
        if (where >= cells_.size()) [[unlikely]]
            leave_without_cell(__builtin_return_address(0));
    }
    bool record_crash(unsigned thread);
    void check_invariant() {
        in_program([this] { instance_->check_invariant(); });
    }

    enum class phase : std::uint8_t { set_up, threads, finish, abandoned, idle };
    using status = thread_status;

    [[nodiscard]] unsigned self() const noexcept { return fibers_.running(); }
    execution_end run_anew(driver& choices);
    void reset(driver& choices);
    execution_end run_once();
    void set_up();
    /// \return whether `work` came to its end.
    [[nodiscard]] bool on_main_thread(std::string_view what, void (program_instance::*work)());
    /// A step before all threads begin, or after they ended.
    void count_main_step() {
        if (++main_steps_ > most_main_steps && has_way_out_) [[unlikely]]
            give_up_main();
    }
    [[noreturn]] void give_up_main();
    void run_in_stamp_order();
    void run_interleaved();
    void thread_body(unsigned thread);
    execution_end conclude();
    [[nodiscard]] bool finish();
    void take_over_values();
    [[nodiscard]] bool tear_down();
    [[nodiscard]] bool stuck_for_good() const;
    [[nodiscard]] bool threads_met() const;

    [[nodiscard]] bool executed(event_id id) const noexcept;
    [[nodiscard]] bool can_run(unsigned thread) const noexcept;
    /// \param first  Who stepped last. \return whether it can go on.
    [[gnu::always_inline]] bool collect_runnable(unsigned first) {
        static_assert(sizeof is_ == 2 * sizeof(std::uint64_t));
        const auto words = std::bit_cast<std::array<std::uint64_t, 2>>(is_);
        if ((words[0] | words[1]) != 0) [[unlikely]]
            return collect_some(first);
        runnable_ = &all_[first];  // All are ready.
        return first != 0;
    }
    bool collect_some(unsigned first);
    void wait_for(event_id write);
    void stop_here(status why);
    void abandon(execution_end why);
    /// A step that nobody has done yet is about to be done: who is to do one?
    ///
    /// Inlined, as fewer calls lie around a switch then: the processor foretells where each of them
    /// returns to from the fiber that it was on before, and is wrong.
    [[gnu::always_inline]] void before_new_step(unsigned thread, const pending_step& next_step) {
        if (!interleaves_) return;
        if (announces_) driver_->announce(thread, next_step);
        if (starting_) {
            fibers_.switch_to(0);
        } else {
            const bool can_go_on = collect_runnable(thread);
            const unsigned next = driver_->next_thread(*runnable_, can_go_on);
            if (next == 0) abandon(execution_end::known);
            if (next != thread) fibers_.switch_to(next);
        }
    }
    [[nodiscard]] reply walk_load(location_id where, const void* site, std::memory_order order);
    [[nodiscard]] reply walk_update(location_id where, const void* site,
                                    const update_request& request);
    [[nodiscard]] reply walk_store(location_id where, const void* site, std::uint64_t value,
                                   std::memory_order order);
    void walk_fence(const void* site, std::memory_order order);
    [[nodiscard]] unsigned walk_choice(const void* site, unsigned n);
    void before_walked_read(thread_state& s, unsigned thread, const walked_read& next);
    void end_walked_step(unsigned thread, unsigned events);
    [[nodiscard]] bool happened_before_in_walk(unsigned thread, unsigned po, unsigned other,
                                               unsigned position) noexcept;
    /// What a thread that waits would not do.
    static void note_effect(thread_state& s) noexcept {
        s.effects_at = s.cursor;
        s.walked.clear();
    }
    /// Everything that happens before the next step of a thread.
    [[nodiscard]] vector_clock happens_before_next(unsigned thread) const noexcept {
        return walks_ ? memory_.happened_before(thread)
                      : graph_->happened_before(thread, threads_[thread].cursor);
    }
    /// What follows cannot be judged in a walk.
    void must_have_graph() {
        if (walks_) [[unlikely]]
            abandon(execution_end::needs_graph);
    }
    void count_step(unsigned thread) {
        ++threads_[thread].steps;
        if (++steps_ > limits_.steps || threads_[thread].cursor >= most_events) [[unlikely]]
            abandon(execution_end::step_limit);
    }
    /// A clock counts no more events of a thread. Cells that it makes are events, and no steps.
    static constexpr unsigned most_events = vector_clock::every - 3;

    [[nodiscard]] bool replaying(unsigned thread) const noexcept {
        return threads_[thread].cursor < graph_->length(thread);
    }
    void expect(const event& e, event_kind kind, location_id where);
    [[nodiscard]] reply replay_read(unsigned thread, location_id where, const void* site);
    [[nodiscard]] reply new_read(location_id where, const void* site,
                                 const update_request& request);
    [[nodiscard]] unsigned spurious_failures_of(unsigned thread) const noexcept;
    /// Whether a thread's state is wanted at this read, which may be the head of a loop.
    [[nodiscard]] bool wants_state(unsigned thread, location_id where, const void* site,
                                   const update_request& next) {
        if (!interleaves_)
            return loop_sites_.contains(site) || may_go_round(thread, where, site, next);
        // Of a loop that only waits, the first round is like all others.
        if (watches_rounds_ || threads_[thread].in_await) [[unlikely]]
            return true;
        return threads_[thread].read_at.may_contain(site) &&
               may_go_round(thread, where, site, next);
    }
    [[nodiscard]] bool may_go_round(unsigned thread, location_id where, const void* site,
                                    const update_request& next);
    [[nodiscard]] bool goes_round(unsigned thread, location_id where, const void* site,
                                  const update_request& next);
    [[nodiscard]] bool in_threads() const noexcept { return phase_ == phase::threads; }
    void check_instants();
    bool check_instants(event_id known);
    void watch(std::vector<location_id>& cells);
    [[nodiscard]] std::uint64_t peek_at_instant(location_id where);
    [[nodiscard]] bool silent(event_id update) const noexcept;
    [[nodiscard]] bool satisfiable(unsigned thread) const noexcept;
    [[nodiscard]] std::string what_holds_up(unsigned thread) const;
    [[nodiscard]] bool without_effect(unsigned thread, unsigned begin) const;
    [[nodiscard]] bool repeatable(unsigned thread, unsigned begin) const;
    /// \param one_iteration  Whether its loop's head was not met in between.
    [[nodiscard]] bool is_round(unsigned thread, unsigned begin, bool one_iteration) const;
    [[nodiscard]] unsigned last_effect(unsigned thread) const;
    void round_without_effect(unsigned thread);
    void record(finding f);
    /// Two threads clash, the running one and another, and both go on.
    void clash(finding_kind kind, std::string_view what, party own, party other);
    /// The step that is about to be, or was, some thread's last access, for an observer.
    void note_access(const void* of, unsigned thread, bool writes);
    [[nodiscard]] std::optional<unsigned> last_access(const void* of, unsigned thread,
                                                      bool writes) const;
    [[nodiscard]] std::optional<unsigned> step_of(event_id id) const noexcept {
        return id < step_of_event_.size() ? step_of_event_[id] : std::nullopt;
    }
    [[nodiscard]] party waiting(unsigned thread) const;
    void add(finding f);

    /// Checks that an access of a cell comes after it was made, and remembers it for its release.
    void touch(unsigned thread, location_id where, unsigned po) {
        if (where >= set_up_cells_ || cells_[where].in != nullptr) [[unlikely]]
            touch_late(thread, where, po);
    }
    void touch_late(unsigned thread, location_id where, unsigned po);
    void touch_block(unsigned thread, block& b, unsigned po);
    [[nodiscard]] bool shields(unsigned thread, unsigned section,
                               const vector_clock& retired) const;
    [[nodiscard]] bool is_overtaken(event_id e, const vector_clock& retired) const;
    void check_nonatomic_races();
    [[nodiscard]] bool is_left_to_a_grace_period(const block& b) const;
    void check_leaks();

    void follow_state(unsigned thread, event_id id);
    [[nodiscard]] std::uint64_t hash_memory() const;
    [[nodiscard]] std::uint64_t state_of_all() const;
    [[nodiscard]] bool watch_rounds(unsigned thread, event_id id);
    void watch_plain_write(const plain_request& write);

    void remember(unsigned thread, std::uint64_t told) noexcept {
        if (!remembers_) return;
        std::uint64_t& history = histories_[thread];
        history = (std::rotl(history, 23) ^ told) * 0x9e3779b97f4a7c15ULL;
        history ^= history >> 32U;
    }
    /// Whether a thread's state is to be noted before it takes its next step.
    [[nodiscard]] bool wants_history() const noexcept {
        return remembers_ && flat_ && !driver_->on_old_path();
    }
    void mix_threads(state_digest& d);
    void mix_memory(state_digest& d);
    void mix_locations(state_digest& d, const std::array<location_set, max_threads>& choices);
    void mix_released(state_digest& d);
    void mix_knowledge(state_digest& d, unsigned thread, unsigned po);
    void mix_plain(state_digest::sum& all, const plain_record& cell);
    void mix_block(state_digest::sum& all, const block& b);
    [[nodiscard]] bool sees(const vector_clock& knows, event_id write) const noexcept;

    /// After a step of an execution step by step.
    void after_step(unsigned thread, event_id id) {
        if (observer_ != nullptr) [[unlikely]]
            observe_event(thread, id);
        if (has_invariant_ && !driver_->on_old_path()) check_invariant();
        // Nothing is to be left on the stack that wants to be released: nobody comes back to it.
        if (watches_rounds_ && watch_rounds(thread, id)) [[unlikely]]
            abandon(execution_end::stopped);
    }
    /// \pre There is an observer.
    void observe_event(unsigned thread, event_id id);
    /// \pre There is an observer.
    void observe(step proto, std::uint64_t value);
    [[nodiscard]] std::string name_of(location_id where) const;
    [[nodiscard]] static std::string name_of(const block& b);
    void observe_release(const block& b, bool deferred, const void* site);

    static inline constinit thread_local machine* current_ = nullptr;

    memory_rules rules_;
    run_limits limits_;
    unsigned thread_count_;
    std::unique_ptr<program_instance> instance_;
    fibers fibers_;
    heap heap_;
    freeze_point frozen_;

    graph* graph_ = nullptr;     // Of a walk, none.
    operational_memory memory_;  // Of a walk.
    bool walks_ = false;
    bool needs_graph_ = false;
    bool keeps_past_ = false;  // The program asks what happened before moments that are past.
    driver* driver_ = nullptr;
    bool interleaves_ = false;
    bool announces_ = false;
    phase phase_ = phase::idle;
    bool starting_ = false;
    std::optional<execution_end> abandoned_;
    bool again_ = false;
    unsigned reruns_ = 0;
    bool notes_states_ = false;
    unsigned steps_ = 0;
    /// Nobody else is there: what takes so long never ends.
    static constexpr unsigned most_main_steps = 10'000'000;
    unsigned main_steps_ = 0;
    std::jmp_buf way_out_{};
    bool has_way_out_ = false;            // Whether whoever set it is still there.
    volatile bool program_runs_ = false;  // Read by a signal's handler.
    std::array<std::optional<crash_report>, max_threads> crashes_{};
    std::array<thread_state, max_threads> threads_;
    std::array<status, max_threads> is_{};  // Apart: before each step it is asked who can go on.
    std::array<thread_list, max_threads> all_;  // All threads, by who is the first of them.
    std::vector<cell_info> cells_;
    std::vector<std::uint64_t> main_values_;  // While no thread runs.
    std::vector<plain_record> plains_;
    std::size_t set_up_cells_ = 0;
    bool nonatomic_cells_ = false;
    site_set loop_sites_;
    std::vector<std::optional<vector_clock>> broken_instants_;  // As many as findings, or fewer.
    bool has_invariant_ = false;
    instants instants_;
    bool at_instant_ = false;
    bool first_instant_checked_ = false;           // Of runs step by step.
    std::vector<location_id>* watched_ = nullptr;  // Cells that the invariant looks at.
    std::vector<std::uint8_t> is_watched_;         // By cell.
    std::array<std::uint64_t, 256> held_at_{};     // Values of the watched cells, by hash.
    const thread_list* runnable_ = nullptr;
    thread_list some_;
    std::vector<finding> found_;

    bool remembers_ = false;
    bool flat_ = false;
    bool had_sections_ = false;
    histories histories_{};
    state_scratch state_;
    bool waited_ = false;
    bool met_ = false;
    std::string outcome_;
    std::set<std::string, std::less<>> reached_;
    bool watches_rounds_ = false;
    rounds rounds_;

    std::vector<location_id>* peeked_ = nullptr;  // Cells that are looked at, if somebody asks.
    step_observer* observer_ = nullptr;
    std::vector<std::optional<unsigned>> step_of_event_;
    unsigned observed_ = 0;
    std::unordered_map<const void*, last_steps> last_steps_;  // Of plain cells and of blocks.
};

}  // namespace pidmap_stress::explore
