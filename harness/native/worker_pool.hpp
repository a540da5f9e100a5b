#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string_view>

namespace pidmap_stress {

enum class pool_kind { tbb, jthread };

[[nodiscard]] std::string_view to_string(pool_kind which) noexcept;
[[nodiscard]] std::optional<pool_kind> parse_pool(std::string_view name) noexcept;

/// Runs a body on N threads that are really concurrent, even if there are fewer cores.
class worker_pool {
public:
    struct settings {
        pool_kind kind = pool_kind::tbb;
        unsigned workers = 1;
        /// Worker n stays on the n-th core, modulo their number.
        bool pin = false;
    };

    virtual ~worker_pool() = default;
    /// Calls body(0) ... body(N-1), each on its own thread, none before all threads are there.
    /// Returns when all have returned; what they did happens-before that.
    virtual void run(const std::function<void(unsigned)>& body) = 0;

    [[nodiscard]] static std::unique_ptr<worker_pool> make(const settings& how);
};

}  // namespace pidmap_stress
