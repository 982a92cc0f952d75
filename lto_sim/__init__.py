"""Phase-boundary kinetics of Li4Ti5O12 seen through operando STEM-EELS."""
