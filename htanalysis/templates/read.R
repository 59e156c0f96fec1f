# Reads a table with the types that it has, so that 06001 stays 06001.
types <- list(
{types}
)
read_table <- function(name, folder = "csv") {{
  read.csv(file.path(folder, paste0(name, ".csv")), colClasses = types[[name]], na.strings = "", encoding = "UTF-8")
}}
