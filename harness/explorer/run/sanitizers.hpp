#pragma once

/// Which sanitizer this build runs under, as constants, and what TSan must be told.
namespace pidmap_stress {

#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define PIDMAP_STRESS_TSAN 1
#endif
#if __has_feature(address_sanitizer)
#define PIDMAP_STRESS_ASAN 1
#endif
#endif
#if defined(__SANITIZE_THREAD__)
#define PIDMAP_STRESS_TSAN 1
#endif
#if defined(__SANITIZE_ADDRESS__)
#define PIDMAP_STRESS_ASAN 1
#endif

#if defined(PIDMAP_STRESS_TSAN)
inline constexpr bool under_tsan = true;
#else
inline constexpr bool under_tsan = false;
#endif
#if defined(PIDMAP_STRESS_ASAN)
inline constexpr bool under_asan = true;
#else
inline constexpr bool under_asan = false;
#endif
inline constexpr bool under_sanitizer = under_tsan || under_asan;

#if defined(PIDMAP_STRESS_TSAN)
extern "C" {
void __tsan_acquire(void* token);  // NOLINT(bugprone-reserved-identifier)
void __tsan_release(void* token);  // NOLINT(bugprone-reserved-identifier)
}
inline void tsan_acquire(void* token) noexcept {
    __tsan_acquire(token);
}
inline void tsan_release(void* token) noexcept {
    __tsan_release(token);
}
#else
inline void tsan_acquire(void* /*token*/) noexcept {}
inline void tsan_release(void* /*token*/) noexcept {}
#endif

}  // namespace pidmap_stress
