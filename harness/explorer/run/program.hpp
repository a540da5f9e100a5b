#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <new>
#include <span>
#include <string>
#include <utility>
#include <vector>

/// How a program is given to the explorer: a state that is made anew for each execution, and what
/// each thread does with it.
namespace pidmap_stress::explore {

/// One job's copy of a program, run again and again.
class program_instance {
public:
    program_instance() = default;
    program_instance(const program_instance&) = delete;
    program_instance& operator=(const program_instance&) = delete;
    virtual ~program_instance() = default;

    virtual void set_up() = 0;              ///< Makes the state; no thread runs yet.
    virtual void run(unsigned thread) = 0;  ///< The body of thread 1, 2, ...
    virtual void finish() = 0;              ///< After all threads ended.
    virtual void tear_down() noexcept = 0;  ///< Destroys the state.
    virtual bool has_invariant() const noexcept { return false; }
    virtual void check_invariant() {}  ///< At every instant; may only peek.
    /// The state's own memory, as far as a waiting loop could count in it.
    [[nodiscard]] virtual std::span<const std::byte> memory() const noexcept { return {}; }
    /// Whether all that the program remembers is there, in shared memory, or on threads' stacks.
    [[nodiscard]] virtual bool is_flat() const noexcept { return false; }
};

/// A program: immutable, shared by all jobs.
class program {
public:
    program() = default;
    program(const program&) = default;
    program& operator=(const program&) = default;
    virtual ~program() = default;
    [[nodiscard]] virtual unsigned threads() const noexcept = 0;
    [[nodiscard]] virtual std::unique_ptr<program_instance> instantiate() const = 0;
    /// What some execution must reach, or the program shows nothing of it: see reach().
    [[nodiscard]] virtual std::vector<std::string> must_reach() const { return {}; }
};

/// A program over `State`, whose members are explore::atomic, explore::plain and so on:
///
///     struct sb { atomic<int> x, y; };
///     const auto p = over<sb>()
///         .thread([](sb& s) { s.x.store(1, release); (void)s.y.load(acquire); })
///         .thread([](sb& s) { s.y.store(1, release); (void)s.x.load(acquire); });
///
/// \pre A thread's body keeps what it owns on its stack or in `State`, and depends on nothing
///      else that changes: it is run again on the same choices, and it may be abandoned midway.
template <class State>
class program_over final : public program {
public:
    using body = std::function<void(State&)>;

    /// Makes the state; State{} unless one is given.
    explicit program_over(std::function<State*(void*)> make =
                              [](void* where) { return new (where) State{}; })
        : make_(std::move(make)) {}

    /// Adds a thread.
    program_over& thread(body b) {
        threads_.push_back(std::move(b));
        return *this;
    }
    /// Adds `n` threads that are given their number, from 0.
    program_over& threads(unsigned n, const std::function<void(State&, unsigned)>& b) {
        for (unsigned i = 0; i < n; ++i) threads_.push_back([b, i](State& s) { b(s, i); });
        return *this;
    }
    /// Runs before the threads, on the new state.
    program_over& first(body b) {
        first_ = std::move(b);
        return *this;
    }
    /// Runs after all threads ended: what must hold in the quiescent state.
    program_over& finally(body b) {
        finally_ = std::move(b);
        return *this;
    }
    /// What must hold at every instant. It may only peek() at cells, at as few or as many as it
    /// needs: instants are told apart by the cells that it looks at. Beside them it may look at
    /// what does not change while threads run; what else the state holds is as the execution left
    /// it.
    program_over& always(std::function<void(const State&)> b) {
        always_ = std::move(b);
        return *this;
    }

    /// Some execution must come to `reach(name)`. Otherwise what is checked there was never
    /// checked, and the result is no pass.
    program_over& reaches(std::string name) {
        must_reach_.push_back(std::move(name));
        return *this;
    }

    /// Promises that all that the program remembers lies in its state, on its threads' stacks, or
    /// in memory of the policy `explored`; that nothing is in a std::vector, say. Then
    /// strategy::stateful tells states apart by what is remembered, and not by all that threads
    /// were ever told, and there are far fewer of them.
    program_over& flat() {
        flat_ = true;
        return *this;
    }

    [[nodiscard]] unsigned threads() const noexcept override {
        return static_cast<unsigned>(threads_.size());
    }
    [[nodiscard]] std::unique_ptr<program_instance> instantiate() const override {
        return std::make_unique<instance>(*this);
    }
    [[nodiscard]] std::vector<std::string> must_reach() const override { return must_reach_; }

private:
    class instance final : public program_instance {
    public:
        explicit instance(const program_over& p) : program_(p) {}
        void set_up() override {
            state_ = program_.make_(storage_);
            if (program_.first_) program_.first_(*state_);
        }
        void run(unsigned thread) override { program_.threads_[thread - 1](*state_); }
        void finish() override {
            if (program_.finally_) program_.finally_(*state_);
        }
        void tear_down() noexcept override {
            if (state_ != nullptr) std::exchange(state_, nullptr)->~State();
        }
        bool has_invariant() const noexcept override { return bool{program_.always_}; }
        void check_invariant() override { program_.always_(std::as_const(*state_)); }
        std::span<const std::byte> memory() const noexcept override {
            return std::as_bytes(std::span{storage_});
        }
        bool is_flat() const noexcept override { return program_.flat_; }

    private:
        program_over program_;
        alignas(State) unsigned char storage_[sizeof(State)]{};
        State* state_ = nullptr;
    };

    std::function<State*(void*)> make_;
    std::vector<body> threads_;
    body first_;
    body finally_;
    std::function<void(const State&)> always_;
    std::vector<std::string> must_reach_;
    bool flat_ = false;
};

template <class State>
[[nodiscard]] program_over<State> over() {
    return program_over<State>();
}

}  // namespace pidmap_stress::explore
