# Plants faults in the example of a variant, and expects each to be reported in the words of the
# contract: a missing member by the compiler, the others by the conformance tests.
#
# cmake -DSOURCE=.. -DWORK=.. -DCXX=.. -P conformance_test.cmake
cmake_minimum_required(VERSION 3.20)

file(REMOVE_RECURSE ${WORK})
file(MAKE_DIRECTORY ${WORK}/allocator/variants)
file(READ ${SOURCE}/allocator/example/own_make.hpp example)

# plant(NAME FROM TO): a variant that is the example with one change.
function(plant name from to)
  string(REPLACE "own_make" "${name}" text "${example}")
  string(FIND "${text}" "${from}" at)
  if(at EQUAL -1)
    message(FATAL_ERROR "the example has no '${from}' to plant ${name} in")
  endif()
  string(REPLACE "${from}" "${to}" text "${text}")
  file(WRITE ${WORK}/allocator/variants/${name}.hpp "${text}")
endfunction()

function(expect_words words text what)
  string(FIND "${text}" "${words}" at)
  if(at EQUAL -1)
    message(FATAL_ERROR "${what} is not reported as \"${words}\", but:\n${text}")
  endif()
endfunction()

# --- What is missing, by the compiler -----------------------------------------------------------
plant(no_start "bool start()" "bool begin()")
file(WRITE ${WORK}/no_start.cpp "#include \"allocator/variants/no_start.hpp\"
using namespace pidmap_stress;
int main() { check_contract<no_start<native>>(); }
")
execute_process(
  COMMAND ${CXX} -std=c++20 -fsyntax-only -I${WORK} -I${SOURCE} ${WORK}/no_start.cpp
  RESULT_VARIABLE code ERROR_VARIABLE errors OUTPUT_QUIET)
if(code EQUAL 0)
  message(FATAL_ERROR "a variant without start() compiles")
endif()
expect_words("a variant has `bool start() noexcept`" "${errors}" "a variant without start()")

# --- What is wrong, by the tests ----------------------------------------------------------------
plant(leaks_pages "if (page_bits<P>* const bits = slot.load(relaxed)) P::destroy(bits)" "(void)slot")
plant(revives "while (seen != 0)" "for (;;)")
plant(gives_zero "first->test_and_set(0, relaxed)" "true")
plant(starts_over "advance(last, nr);" "(void)last;")
plant(shares_pids "if (!bits->test_and_set(bit, acquire)) continue;"
      "(void)bits->test_and_set(bit & ~1U, acquire);")
file(WRITE ${WORK}/allocator/variant_list.hpp "#pragma once
#include \"allocator/type_list.hpp\"
#include \"allocator/variants/gives_zero.hpp\"
#include \"allocator/variants/leaks_pages.hpp\"
#include \"allocator/variants/revives.hpp\"
#include \"allocator/variants/shares_pids.hpp\"
#include \"allocator/variants/starts_over.hpp\"
namespace pidmap_stress {
template <execution_policy P>
using variant_types =
    type_list<gives_zero<P>, leaks_pages<P>, revives<P>, shares_pids<P>, starts_over<P>>;
}
")
execute_process(
  COMMAND ${CXX} -std=c++20 -O0 -I${WORK} -I${SOURCE} ${SOURCE}/allocator/conformance_test.cpp
          -lgtest_main -lgtest -lpthread -o ${WORK}/conformance
  RESULT_VARIABLE code ERROR_VARIABLE errors)
if(NOT code EQUAL 0)
  message(FATAL_ERROR "the tests with planted variants do not compile:\n${errors}")
endif()
function(expect_failure name words)
  execute_process(COMMAND ${WORK}/conformance --gtest_filter=*/${name}_tiny.*
                  TIMEOUT 60 RESULT_VARIABLE code OUTPUT_VARIABLE told ERROR_VARIABLE told)
  if(code EQUAL 0)
    message(FATAL_ERROR "${name} passes")
  endif()
  expect_words("${words}" "${told}" "${name}")
endfunction()
expect_failure(leaks_pages "the destructor passes each page to P::destroy()")
expect_failure(revives "once the count is 0 it stays 0")
expect_failure(gives_zero "start() sets bit 0 of page 0, which is never a pid")
expect_failure(starts_over "a search begins behind the last pid that was handed out")
expect_failure(shares_pids "bit i of a page's word w is pid")
execute_process(COMMAND ${WORK}/conformance --gtest_filter=*/own_make_* RESULT_VARIABLE code
                OUTPUT_VARIABLE told)
if(NOT code EQUAL 0)
  message(FATAL_ERROR "the example itself fails:\n${told}")
endif()
