#pragma once

#include <deque>
#include <memory>
#include <vector>

#include "harness/native/subject.hpp"

namespace pidmap_stress {

class worker;
struct board;
struct finding;

/// What the workers of a trial share, and what the harness must know to judge them.
class stage {
public:
    struct settings {
        discipline how{};
        unsigned workers = 1;
        pid_nr highest_pid_max = 0;
        std::uint64_t key = 0;
        std::size_t namespaces_each = 128;
    };

    stage(subject& under_test, board& report_to, const settings& how);
    ~stage();
    stage(const stage&) = delete;
    stage& operator=(const stage&) = delete;

    // ---- What a scenario's prepare() does ----

    /// Adds a slot. References stay valid until the stage is emptied.
    table_slot& add_slot();
    [[nodiscard]] table_slot& slot(std::size_t index) noexcept { return slots_[index]; }
    [[nodiscard]] std::size_t slots() const noexcept { return slots_.size(); }
    /// Makes a namespace; the main thread has its reference. nullptr: no memory.
    /// \param above  Its parent, if it is to have one. \pre The subject nests.
    [[nodiscard]] tested_namespace* create(tested_namespace* above = nullptr);
    /// Makes `ns` the slot's, drops the creator's reference where the discipline can do without,
    /// and gives each worker what its discipline requires: a pid, or a reference.
    void seat_workers(table_slot& slot, tested_namespace& ns);
    /// As seat_workers(), but the members get their pids from those that the main thread holds.
    void seat_workers_on_held(table_slot& slot, tested_namespace& ns);
    void set_pid_max(pid_nr limit) noexcept;
    /// The main thread as a worker.
    [[nodiscard]] worker& main() noexcept { return *main_; }
    [[nodiscard]] worker& at(unsigned number) noexcept { return *workers_[number]; }
    [[nodiscard]] unsigned workers() const noexcept { return how_.workers; }
    [[nodiscard]] discipline how() const noexcept { return how_.how; }
    [[nodiscard]] pid_nr highest_pid_max() const noexcept { return how_.highest_pid_max; }
    [[nodiscard]] subject& under_test() noexcept { return subject_; }
    [[nodiscard]] board& report_to() noexcept { return board_; }

    // ---- What a trial does, when no worker runs ----

    /// Notes what is held, for the judges of the history that begins now.
    void begin_history();
    /// Judges the quiescent state, and the history if one was kept. Findings are reported.
    void audit(bool with_history);
    /// Frees everything and drops every reference; then nothing may be left.
    void empty();

    // ---- What a worker does ----

    /// An unused namespace object from the worker's own store; nullptr if there is none.
    [[nodiscard]] tested_namespace* take_object(unsigned worker_number);
    /// Undoes the worker's last take_object(): no namespace was made.
    void give_object_back(unsigned worker_number);
    [[nodiscard]] bool has_object(unsigned worker_number) const noexcept {
        return !stores_[worker_number].free.empty();
    }
    /// Audits one namespace that no worker is in, against what is held of it.
    void audit_namespace(const tested_namespace& ns, std::span<const pid_nr> held,
                         namespace_peek& peek);

private:
    struct store {
        std::vector<tested_namespace*> free;
        std::vector<tested_namespace*> used;
    };

    void note_who_is_past_reserved();
    void collect_held();
    void judge_history();
    void recycle();
    [[nodiscard]] tested_namespace* make_object();
    void drop_creators_reference(tested_namespace& ns);

    subject& subject_;
    board& board_;
    settings how_;
    pid_nr lowest_pid_max_ = 0;
    tenant_slots cells_;
    std::vector<std::unique_ptr<tested_namespace>> objects_;
    std::vector<store> stores_;  ///< One for each worker, and the main thread's.
    std::deque<table_slot> slots_;
    std::vector<std::unique_ptr<worker>> workers_;
    std::unique_ptr<worker> main_;
    namespace_peek peek_;

    friend class worker;
};

}  // namespace pidmap_stress
