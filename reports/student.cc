#include "reports/student.h"

#include <boost/math/distributions/students_t.hpp>

#include "engine/base/check.h"

namespace squall {

double StudentReach(double standard_error, int64_t n, double confidence) {
  SQUALL_CHECK(n >= 2);
  SQUALL_CHECK(0 < confidence && confidence < 1);
  const boost::math::students_t_distribution<double> student(static_cast<double>(n - 1));
  return standard_error *
         boost::math::quantile(boost::math::complement(student, (1 - confidence) / 2));
}

}  // namespace squall
