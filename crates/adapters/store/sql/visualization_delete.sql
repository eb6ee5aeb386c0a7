DELETE FROM visualizations WHERE id = $1
