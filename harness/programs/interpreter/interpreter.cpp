#include "harness/programs/interpreter/interpreter.hpp"

#include "harness/programs/interpreter/execution.hpp"
#include "harness/programs/interpreter/execution_calls.hpp"
#include "harness/programs/interpreter/execution_end.hpp"
#include "harness/programs/interpreter/execution_set_up.hpp"

namespace pidmap_stress::explore {
namespace {

template <class State>
[[nodiscard]] std::unique_ptr<program> make_program_over(const explored_allocator& variant,
                                                         const std::shared_ptr<const plan>& of) {
    auto made = std::make_unique<program_over<State>>(
        [&variant, of](void* where) { return new (where) State(variant, *of); });
    made->first([](State& one) { one.set_up(); })
        .threads(of->threads,
                 [](State& one, unsigned thread) {
                     if (one.is_set_up()) one.run(thread);
                 })
        .flat()
        .always([](const State& one) { one.check_instant(); })
        .finally([](State& one) {
            if (one.is_set_up()) one.finish();
        });
    return made;
}

}  // namespace

std::unique_ptr<program> make_program(const explored_allocator& variant, const script& s) {
    // The program outlives its instances, and they point at its script.
    const auto shared = std::make_shared<const plan>(s);
    const auto spaces = shared->spaces.size();
    if (spaces == 1) return make_program_over<execution<1>>(variant, shared);
    if (spaces <= 4) return make_program_over<execution<4>>(variant, shared);
    return make_program_over<execution<most_script_namespaces>>(variant, shared);
}

}  // namespace pidmap_stress::explore
