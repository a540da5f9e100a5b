// The tiny model under Relacy, for compare_walks.sh, which compiles it against that tool's sources.
// -DHOW=, -DSCENE=, -DTHREADS= and -DTURNS= say which case it is.

#include <cstdlib>
#include <optional>

#include "harness/explorer/litmus/pidmap_model.hpp"
// Last: it makes macros of common words.
#include "relacy/relacy.hpp"

namespace {

using namespace pidmap_stress::explore::yardstick;

struct relacy_world {
    static rl::memory_order order(std::memory_order o) {
        switch (o) {
            case std::memory_order::relaxed:
                return rl::mo_relaxed;
            case std::memory_order::acq_rel:
                return rl::mo_acq_rel;
            default:
                return rl::mo_seq_cst;
        }
    }
    template <class T, pidmap_stress::cell_role>
    class atomic {
    public:
        T load(std::memory_order o) { return cell_($).load(order(o)); }
        void store(T value, std::memory_order o) { cell_($).store(value, order(o)); }
        T fetch_add(T by, std::memory_order o) { return cell_($).fetch_add(by, order(o)); }
        T fetch_sub(T by, std::memory_order o) { return cell_($).fetch_sub(by, order(o)); }
        T fetch_or(T by, std::memory_order o) { return cell_($).fetch_or(by, order(o)); }
        T fetch_and(T by, std::memory_order o) { return cell_($).fetch_and(by, order(o)); }
        bool compare_exchange_strong(T& expected, T desired, std::memory_order success,
                                     std::memory_order failure) {
            return cell_($).compare_exchange_strong(expected, desired, order(success),
                                                    order(failure));
        }

    private:
        rl::atomic<T> cell_;
    };
    static void check(bool holds, const char* /*what*/) { RL_ASSERT(holds); }
};

struct suite : rl::test_suite<suite, THREADS> {
    std::optional<pidmap_model<shape{.how = static_cast<form>(HOW),
                                     .where = static_cast<scene>(SCENE),
                                     .threads = THREADS,
                                     .turns = TURNS},
                               relacy_world>>
        model;
    void before() { model.emplace(); }
    void thread(unsigned me) { model->worker(static_cast<int>(me)); }
    void after() {
        model->quiesce();
        model.reset();
    }
};

}  // namespace

int main(int count, char** words) {
    rl::test_params how;
    how.search_type = rl::random_scheduler_type;
    how.iteration_count = count > 1 ? std::strtoull(words[1], nullptr, 10) : 200'000;
    return rl::simulate<suite>(how) ? EXIT_SUCCESS : EXIT_FAILURE;
}
