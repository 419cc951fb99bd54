import java.io.File;
import java.time.Duration;
import java.util.Map;
import org.openapitools.client.ApiClient;
import org.openapitools.client.ApiException;
import org.openapitools.client.api.AccountApi;
import org.openapitools.client.api.VideosApi;
import org.openapitools.client.model.*;

/** A whole job with the Java client of openapi-generator. */
public class Main {
  interface Call {
    void run() throws Exception;
  }

  static ApiClient client(String token) {
    var client = new ApiClient();
    client.updateBaseUri(System.getenv("SERVICE"));
    client.setRequestInterceptor(request -> request.header("Authorization", "Bearer " + token));
    return client;
  }

  static void check(boolean isTrue, Object what) {
    if (!isTrue) throw new AssertionError(what);
  }

  static String order(String template) throws Exception {
    return ApiClient.createDefaultObjectMapper()
        .writeValueAsString(Map.of("templateSlug", template, "variables", Map.of("mood", "raw")));
  }

  static void refused(Problem.CodeEnum code, Call call) throws Exception {
    try {
      call.run();
    } catch (ApiException error) {
      var problem = ApiClient.createDefaultObjectMapper().readValue(error.getResponseBody(), Problem.class);
      check(problem.getCode() == code, problem);
      return;
    }
    throw new AssertionError("not refused");
  }

  public static void main(String[] arguments) throws Exception {
    var client = client(System.getenv("TOKEN"));
    var videos = new VideosApi(client);
    var account = new AccountApi(client);
    var image = new File("canvas.png");
    var template = account.templates(null).getTemplates().stream()
        .filter(each -> each.getSlug().equals("night-life-roller")).findFirst().orElseThrow();

    var accepted = videos.submit(image, order(template.getSlug()), null, null);
    check(accepted.getCredits().equals(template.getCredits()), accepted);
    var job = videos.status(accepted.getJobId(), null);
    while (job.getStatus() == Status.PENDING || job.getStatus() == Status.PROCESSING) {
      Thread.sleep(Duration.ofMillis(50).toMillis());
      job = videos.status(accepted.getJobId(), null);
    }
    check(job.getStatus() == Status.COMPLETED && job.getUrl() != null && job.getBytes() > 0, job);

    var library = account.library(5, null, null, null).getVideos();
    check(library.size() == 1 && library.get(0).getJobId().equals(job.getJobId()), library);
    check(account.credits(null).getEntries().get(0).getKind() == Entry.KindEnum.CHARGE, "no charge");

    var second = videos.submit(image, order(template.getSlug()), null, null);
    check(videos.cancel(second.getJobId(), null).getStatus() == Status.CANCELLED, second);

    var finished = job.getJobId();
    refused(Problem.CodeEnum.JOB_FINISHED, () -> videos.cancel(finished, null));
    refused(Problem.CodeEnum.JOB_NOT_FOUND, () -> videos.status("no-such", null));
    refused(Problem.CodeEnum.TEMPLATE_NOT_FOUND, () -> videos.submit(image, order("no-such"), null, null));
    refused(Problem.CodeEnum.UNAUTHENTICATED,
        () -> new AccountApi(client("wrong")).library(null, null, null, null));
  }
}
